// A store behind a bad network: `Link` decides for each operation whether its request or its reply is
// lost or late. With no faults it behaves as the store inside.
//
// Thread-safety, blocking: those of `Store`. Lifetime: `inner`, executor, clock and link must outlive
// it and the last task that runs on the executor.
#pragma once

#include <memory>
#include <optional>
#include <string>

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

private:
    Store& inner_;
    std::shared_ptr<FaultyCalls> calls_;
};

}  // namespace tutti::testing
