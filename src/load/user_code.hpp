// The functions of the user's that a cache calls beside its loader: through one guard, under no
// lock, and what one throws is a line in the log.
//
// Thread-safety: every function from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "load/counters.hpp"
#include "load/environment.hpp"
#include "load/flight.hpp"
#include "tutti/detail/guarded.hpp"
#include "tutti/detail/spec.hpp"
#include "tutti/error.hpp"

namespace tutti {

class UserCode {
public:
    // All three live as long as this.
    UserCode(const detail::CacheSpec& spec, const LoadEnvironment& environment,
             LoadCounters& counters)
        : spec_(spec), environment_(environment), counters_(counters) {}

    // Errors: refused, and load_failed when `admit` threw; the caller names the operation.
    [[nodiscard]] Result<void> admitted(const void* value) const;
    // What cannot be weighed is too heavy, and so not kept.
    [[nodiscard]] std::size_t weight_of(const void* value) const;
    // Requires: spot_check, and two values.
    [[nodiscard]] Result<bool> is_same(const void* served, const void* loaded) const;
    // Requires: stale_if_error.
    [[nodiscard]] bool transient(const Error& error) const;
    // NodeOptions::carry, on the reader's thread and on the loader's.
    [[nodiscard]] Flight::Carried carried() const;
    [[nodiscard]] std::shared_ptr<void> entered(const Flight& flight) const;

    void tell(std::string_view function, const Error& error) const noexcept;  // the log

private:
    // What the function of this name returns, or `otherwise` when it throws.
    template <class T, class Call>
    [[nodiscard]] T guarded_or(std::string_view name, T otherwise, const Call& call) const {
        const auto returned = detail::guarded({.name = name}, call);
        if (!returned) tell(name, returned.error());
        return returned ? T(*returned) : std::move(otherwise);
    }

    const detail::CacheSpec& spec_;
    const LoadEnvironment& environment_;
    LoadCounters& counters_;
};

}  // namespace tutti
