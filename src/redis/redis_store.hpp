// Store over Redis: GET, SET with PX and NX, DEL, SCAN, and scripts for the rest. docs/coherence.md
// names the keys and what each script promises.
//
// A script that the server has forgotten (SCRIPT FLUSH, a restart) has to be sent again, and then
// comes behind later commands of the same caller on the same key; so does the fetch of a value for
// which the answer to several had no room. Those that are harmless there, because a claim guards
// them, go by EVALSHA; the compares and `drop` always go by EVAL. So does `release`: it is the last
// thing that a node says which stops, and nothing is sent again then.
//
// Several fetches or fills of one address but for the key are one script, for up to a hundred.
#pragma once

#include <memory>

#include "coherence/store_fence.hpp"
#include "redis/command_connection.hpp"
#include "redis/fetch_calls.hpp"
#include "redis/names.hpp"
#include "redis/script_runner.hpp"
#include "runtime/runtime.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

class RedisStore final : public Store {
public:
    // `fence`: of a server that may be replaced; null: it is not.
    RedisStore(Runtime& runtime, std::shared_ptr<CommandConnection> connection, RandomSource random,
               Names names, std::shared_ptr<const StoreFence> fence = nullptr);
    ~RedisStore() override;  // closes

    void get(std::string key, TimePoint deadline,
             Completion<std::optional<std::string>> done) override;
    void put(std::string key, std::string value, PutOptions options, TimePoint deadline,
             Completion<bool> done) override;
    void erase(std::string key, TimePoint deadline, Completion<bool> done) override;
    void erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                        Completion<bool> done) override;
    void replace_if_equal(std::string key, std::string expected, std::string value, Ttl ttl,
                          TimePoint deadline, Completion<bool> done) override;
    void count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) override;
    void fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) override;
    void fetch_many(std::vector<Fetch> fetches, TimePoint deadline) override;
    void fill(FillRequest request, TimePoint deadline, Completion<Filled> done) override;
    void fill_many(std::vector<Fill> fills, TimePoint deadline) override;
    void release(ValueAddress address, LoadToken token, TimePoint deadline,
                 Completion<bool> done) override;
    void drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
              Completion<void> done) override;

    void close() override;

private:
    template <class T>
    void refuse(Error error, Completion<T> done);
    template <class One>
    [[nodiscard]] std::vector<One> only_sound(const char* operation, std::vector<One> all);
    void send(std::vector<Fill> fills, TimePoint deadline);  // in one call
    void send(std::string_view operation, std::string bytes, TimePoint deadline,
              CommandConnection::Handler handler);
    [[nodiscard]] ScriptCall script_call(const Script& script, std::string_view operation,
                                         const std::string& channel, ScriptBy by) const;

    Runtime& runtime_;
    std::shared_ptr<CommandConnection> connection_;
    const RandomSource random_;
    const Names names_;
    const std::shared_ptr<FetchCalls> fetches_;
};

}  // namespace tutti::redis
