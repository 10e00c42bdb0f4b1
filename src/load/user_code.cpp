#include "load/user_code.hpp"

#include <algorithm>
#include <limits>
#include <string>

namespace tutti {

Result<void> UserCode::admitted(const void* value) const {
    if (!spec_.admit) return {};
    const auto good = detail::guarded({.name = "admit"}, [&] { return spec_.admit(value); });
    if (good && *good) return {};
    counters_.refused.add();
    if (good) return fail(Errc::refused, {}, "admit refused the value");
    tell("admit", good.error());
    return fail(good.error());
}

std::size_t UserCode::weight_of(const void* value) const {
    constexpr std::size_t too_heavy = std::numeric_limits<std::size_t>::max() / 2;
    if (value == nullptr || !spec_.weigh) return 0;
    return std::min(guarded_or("weigh", too_heavy, [&] { return spec_.weigh(value); }), too_heavy);
}

Result<bool> UserCode::is_same(const void* served, const void* loaded) const {
    auto same = spec_.spot_check->same(served, loaded);
    if (!same) tell("spot_check.same", same.error());
    return same;
}

bool UserCode::transient(const Error& error) const {
    const auto& classify = spec_.stale_if_error->transient;
    if (!classify) return error.retryable();
    return guarded_or("stale_if_error.transient", false, [&] { return classify(error); });
}

Flight::Carried UserCode::carried() const {
    if (!environment_.carry) return nullptr;
    return guarded_or("carry", Flight::Carried(), environment_.carry);
}

// Nothing changes what is carried once the flight has begun.
std::shared_ptr<void> UserCode::entered(const Flight& flight) const {
    if (!flight.carried) return nullptr;
    return guarded_or("carry", std::shared_ptr<void>(), flight.carried);
}

void UserCode::tell(std::string_view function, const Error& error) const noexcept {
    environment_.log.limited(LogLevel::error, "cache " + spec_.name + ": " + std::string(function),
                             error.cause);
}

}  // namespace tutti
