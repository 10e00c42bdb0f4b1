// What a user holds whose declaration was refused, until `start` has said so: it keeps nothing, and
// answers every call with the reason.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "tutti/cooldown.hpp"
#include "tutti/detail/cache.hpp"
#include "tutti/detail/reservation_core.hpp"
#include "tutti/error.hpp"

namespace tutti {

[[nodiscard]] std::shared_ptr<detail::Cache> refused_cache(const std::string& name, Error why,
                                                           Log log);
[[nodiscard]] std::shared_ptr<detail::Invalidated> refused_invalidator(const std::string& name,
                                                                       Error why, Log log);
[[nodiscard]] std::shared_ptr<detail::CooldownCore> refused_cooldown();
[[nodiscard]] std::shared_ptr<detail::ReservationCore> refused_reservation(const std::string& name,
                                                                           Error why);
// The reason of a wrong declaration.
[[nodiscard]] Error declared_wrongly(const std::string& name, std::string why);

}  // namespace tutti
