#include "embedded/store.hpp"

#include <utility>

#include "embedded/server.hpp"

namespace tutti::embedded {

namespace {

std::unexpected<Error> late_call(std::string operation) {
    return fail(Errc::timeout, std::move(operation), "the deadline had passed before the call");
}

template <class T>
void answer(Executor& executor, Completion<T> done, Result<T> result) {
    executor.post([done = std::move(done), result = std::move(result)]() mutable {
        done(std::move(result));
    });
}

Result<std::optional<std::string>> to_value(const Result<Values::Bytes>& found) {
    if (!found) return fail(found.error());
    if (!*found) return std::nullopt;
    return **found;
}

}  // namespace

EmbeddedStore::EmbeddedStore(std::shared_ptr<EmbeddedHub> hub, Executor& executor,
                             const Clock& clock)
    : hub_(std::move(hub)), executor_(executor), clock_(clock) {}

void EmbeddedStore::get(std::string key, TimePoint deadline,
                        Completion<std::optional<std::string>> done) {
    Result<std::optional<std::string>> result =
        late(deadline) ? late_call("embedded get") : to_value(hub_->server().get(key));
    answer(executor_, std::move(done), std::move(result));
}

void EmbeddedStore::put(std::string key, std::string value, PutOptions options, TimePoint deadline,
                        Completion<bool> done) {
    Result<bool> result = late(deadline) ? late_call("embedded put")
                                         : hub_->server().put(key, std::move(value), options);
    answer(executor_, std::move(done), std::move(result));
}

void EmbeddedStore::erase(std::string key, TimePoint deadline, Completion<bool> done) {
    Result<bool> result = late(deadline) ? late_call("embedded erase") : hub_->server().erase(key);
    answer(executor_, std::move(done), std::move(result));
}

void EmbeddedStore::erase_if_equal(std::string key, std::string expected, TimePoint deadline,
                                   Completion<bool> done) {
    Result<bool> result = late(deadline) ? late_call("embedded erase_if_equal")
                                         : hub_->server().erase_if_equal(key, expected);
    answer(executor_, std::move(done), std::move(result));
}

}  // namespace tutti::embedded
