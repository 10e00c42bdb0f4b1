// A store behind a bad network: `Link` decides for each operation whether its request or its reply
// is lost or late. With no faults it behaves as the store inside.
//
// Thread-safety, blocking: those of `Store`. Lifetime: `inner`, executor, clock and link must
// outlive it and the last task that runs on the executor.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/executor.hpp"
#include "tutti/store.hpp"
#include "tutti/testing/faults.hpp"

namespace tutti::testing {

class FaultyCalls;

class FaultyStore final : public Store {
public:
    FaultyStore(Store& inner, Executor& executor, const Clock& clock, Link& link);
    ~FaultyStore() override;

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
    void fill(FillRequest request, TimePoint deadline, Completion<Filled> done) override;
    void release(ValueAddress address, LoadToken token, TimePoint deadline,
                 Completion<bool> done) override;
    void drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
              Completion<void> done) override;
    void close() override;

private:
    // `send(inner, replied)` is the operation when it arrives at the store inside.
    template <class T, class F>
    void run(Operation operation, std::string_view subject, TimePoint deadline, Completion<T> done,
             F send);

    Store& inner_;
    std::shared_ptr<FaultyCalls> calls_;
};

}  // namespace tutti::testing
