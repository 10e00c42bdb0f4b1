// Store over Redis: GET, SET with PX and NX, DEL, and compare-and-delete as a script.
//
// That script goes by EVAL, never by EVALSHA: a script that the server has forgotten would have to be
// sent again, behind later commands of the same caller on the same key.
#pragma once

#include <memory>

#include "redis/command_connection.hpp"
#include "runtime/runtime.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

class RedisStore final : public Store {
public:
    RedisStore(Runtime& runtime, std::shared_ptr<CommandConnection> connection);
    ~RedisStore() override;  // as `close`, but later, on the executor

    void get(std::string key, TimePoint deadline,
             Completion<std::optional<std::string>> done) override;
    void put(std::string key, std::string value, PutOptions options, TimePoint deadline,
             Completion<bool> done) override;
    void erase(std::string key, TimePoint deadline, Completion<bool> done) override;
    void erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                        Completion<bool> done) override;

    // On the executor: outstanding operations fail with Errc::stopped, and so do all later ones.
    void close();

private:
    template <class T>
    void refuse(Error error, Completion<T> done);
    void send(std::string_view operation, std::string bytes, TimePoint deadline,
              CommandConnection::Handler handler);

    Runtime& runtime_;
    std::shared_ptr<CommandConnection> connection_;
};

}  // namespace tutti::redis
