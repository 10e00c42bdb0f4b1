#include "common/http/deferral.hpp"

#include <exception>
#include <utility>

#include "common/http/errors.hpp"

namespace tutti::services::http {
namespace {

Response failed(std::string_view text) { return error_response(ErrorCode::internal_error, text); }

}  // namespace

void Deferral::begin(const std::shared_ptr<Deferral>& deferral, const Start& start) {
    // Shared by all copies of the function: the last one answers when none of them did.
    const std::shared_ptr<void> last(
        nullptr, [deferral](void*) { deferral->answer(failed("The request was not answered")); });
    std::function<void()> cancel;
    try {
        cancel =
            start([deferral, last](Response response) { deferral->answer(std::move(response)); });
    } catch (const std::exception& error) {
        deferral->answer(failed(error.what()));
    } catch (...) {
        deferral->answer(failed("The handler failed"));
    }
    const detail::Lock lock(deferral->mutex_);
    deferral->cancel_ = std::move(cancel);
}

bool Deferral::answered() const {
    const detail::Lock lock(mutex_);
    return response_.has_value();
}

std::optional<Response> Deferral::close() {
    detail::Lock lock(mutex_);
    wake_ = nullptr;
    auto response = std::exchange(response_, std::nullopt);
    const auto cancel = std::exchange(cancel_, nullptr);
    lock.unlock();
    // Without the lock: it may wait for a thread that is about to answer.
    if (!response && cancel) cancel();
    return response;
}

void Deferral::answer(Response response) {
    const detail::Lock lock(mutex_);
    if (!wake_) return;
    response_ = std::move(response);
    // Under the lock, so that `close` waits for it.
    std::exchange(wake_, nullptr)();
}

}  // namespace tutti::services::http
