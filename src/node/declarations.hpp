// From what a user declares to what the audit sees, and what is wrong with it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tutti/cooldown.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/invalidator.hpp"
#include "tutti/inventory.hpp"
#include "tutti/near.hpp"
#include "tutti/options.hpp"
#include "tutti/reservation.hpp"

namespace tutti {

[[nodiscard]] Declaration declaration_of(Pattern pattern, const detail::CacheSpec& spec);
[[nodiscard]] Declaration declaration_of(const CooldownOptions& options);
[[nodiscard]] Declaration declaration_of(const detail::ReservationSpec& spec);
[[nodiscard]] Declaration declaration_of(const InvalidatorOptions& options);

// "cache 'users'", as every message about it begins.
[[nodiscard]] std::string who(const Declaration& declaration);

// Every reason why it cannot start, each naming the cache, the option and the remedy.
[[nodiscard]] std::vector<std::string> problems_with(const Declaration& declaration,
                                                     const detail::CacheSpec& spec);
[[nodiscard]] std::vector<std::string> problems_with(const Declaration& declaration,
                                                     const CooldownOptions& options);
[[nodiscard]] std::vector<std::string> problems_with(const Declaration& declaration,
                                                     const detail::ReservationSpec& spec);
[[nodiscard]] std::vector<std::string> problems_with(const Declaration& declaration,
                                                     const detail::CacheSpec& answers,
                                                     const detail::NearSpec& near);
[[nodiscard]] std::vector<std::string> problems_with(const Declaration& declaration,
                                                     const InvalidatorOptions& options);
// Why it cannot be on one node with those that were declared before it.
[[nodiscard]] std::vector<std::string> problems_between(
    const Declaration& declaration, std::span<const Declaration* const> earlier);

}  // namespace tutti
