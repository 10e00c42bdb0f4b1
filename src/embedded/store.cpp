#include "embedded/store.hpp"

#include <utility>

#include "embedded/server.hpp"

namespace tutti::embedded {

namespace {

Result<std::optional<std::string>> to_value(const Result<Values::Bytes>& found) {
    if (!found) return fail(found.error());
    if (!*found) return std::nullopt;
    return **found;
}

}  // namespace

EmbeddedStore::EmbeddedStore(std::shared_ptr<EmbeddedHub> hub, Executor& executor,
                             const Clock& clock)
    : hub_(std::move(hub)), executor_(executor), clock_(clock) {}

template <class T, class F>
void EmbeddedStore::run(const char* name, TimePoint deadline, Completion<T> done, F operation) {
    Result<T> result = [&]() -> Result<T> {
        if (closed_->load(std::memory_order_acquire)) {
            return not_done(Errc::stopped, name, "the store is closed");
        }
        if (clock_.now() > deadline) {
            return not_done(Errc::timeout, name, "the deadline had passed before the call");
        }
        return operation(hub_->server());
    }();
    executor_.post(
        [closed = closed_, name, done = std::move(done), result = std::move(result)]() mutable {
            if (closed->load(std::memory_order_acquire)) {
                result = fail(Errc::stopped, name, "the store was closed before the answer came");
            }
            done(std::move(result));
        });
}

void EmbeddedStore::close() { closed_->store(true, std::memory_order_release); }

void EmbeddedStore::get(std::string key, TimePoint deadline,
                        Completion<std::optional<std::string>> done) {
    run<std::optional<std::string>>("embedded get", deadline, std::move(done),
                                    [&](Server& server) { return to_value(server.get(key)); });
}

void EmbeddedStore::put(std::string key, std::string value, PutOptions options, TimePoint deadline,
                        Completion<bool> done) {
    run<bool>("embedded put", deadline, std::move(done),
              [&](Server& server) { return server.put(key, std::move(value), options); });
}

void EmbeddedStore::erase(std::string key, TimePoint deadline, Completion<bool> done) {
    run<bool>("embedded erase", deadline, std::move(done),
              [&](Server& server) { return server.erase(key); });
}

void EmbeddedStore::erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                                   Completion<bool> done) {
    run<bool>("embedded erase_if_equal", deadline, std::move(done),
              [&](Server& server) { return server.erase_if_equal(key, expected); });
}

void EmbeddedStore::replace_if_equal(std::string key, std::string expected, std::string value,
                                     Ttl ttl, TimePoint deadline, Completion<bool> done) {
    run<bool>("embedded replace_if_equal", deadline, std::move(done), [&](Server& server) {
        return server.replace_if_equal(key, expected, std::move(value), ttl);
    });
}

void EmbeddedStore::count(std::string prefix, TimePoint deadline, Completion<std::size_t> done) {
    run<std::size_t>("embedded count", deadline, std::move(done),
                     [&](Server& server) { return server.count(prefix); });
}

void EmbeddedStore::fetch(FetchRequest request, TimePoint deadline, Completion<Fetched> done) {
    run<Fetched>("embedded fetch", deadline, std::move(done),
                 [&](Server& server) { return server.fetch(request); });
}

void EmbeddedStore::fill(FillRequest request, TimePoint deadline, Completion<Filled> done) {
    run<Filled>("embedded fill", deadline, std::move(done),
                [&](Server& server) { return server.fill(std::move(request)); });
}

void EmbeddedStore::release(ValueAddress address, LoadToken token, TimePoint deadline,
                            Completion<bool> done) {
    run<bool>("embedded release", deadline, std::move(done),
              [&](Server& server) { return server.release(address, token); });
}

void EmbeddedStore::drop(std::string channel, std::vector<std::string> keys, TimePoint deadline,
                         Completion<void> done) {
    run<void>("embedded drop", deadline, std::move(done), [&](Server& server) {
        return server.drop(channel, {.keys = keys, .all = keys.empty()});
    });
}

}  // namespace tutti::embedded
