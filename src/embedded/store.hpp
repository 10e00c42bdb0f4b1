// The store of an embedded hub, as one node sees it: the operation takes effect inside the call,
// its answer is posted to the node's executor. A deadline that has passed before the call is
// Errc::timeout, and nothing was done. An answer that is under way when the store is closed becomes
// Errc::stopped.
//
// Thread-safety, blocking: those of `Store`. Lifetime: executor and clock must outlive it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tutti/embedded.hpp"
#include "tutti/executor.hpp"
#include "tutti/store.hpp"

namespace tutti::embedded {

class EmbeddedStore final : public Store {
public:
    EmbeddedStore(std::shared_ptr<EmbeddedHub> hub, Executor& executor,
                  const Clock& clock = system_clock());

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
    template <class T, class F>
    void run(const char* name, TimePoint deadline, Completion<T> done, F operation);

    std::shared_ptr<EmbeddedHub> hub_;
    Executor& executor_;
    const Clock& clock_;
    // Shared with the answers that are under way.
    const std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace tutti::embedded
