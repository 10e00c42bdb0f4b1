// What a user may talk to. The personality is kept once for all users, by id, and the access of the
// one who asks is checked after the hit; slugs are mapped to ids in a cache of their own.
//
//     auto found = access.find("maestro", user_id);
//     if (!found) ...          // not known now: try again
//     if (!*found) ...         // there is none of that slug, or not for this user
//
// Thread-safety: all functions may be called from any thread. Blocking: on misses, 5 s at most, and
// 10 s more through an outage of the gateway (PatientReads). Lifetime: the reads outlive it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bot-client/patient_reads.hpp"
#include "common/caches/catalogue.hpp"
#include "common/domain/domain.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot {

class PersonalityAccess {
public:
    PersonalityAccess(caches::PersonalityIds ids, caches::Personalities personalities,
                      PatientReads& reads, std::optional<std::string> bot_owner_id)
        : ids_(std::move(ids)),
          personalities_(std::move(personalities)),
          reads_(reads),
          bot_owner_id_(std::move(bot_owner_id)) {}

    // Null: there is none, or not for this user.
    [[nodiscard]] Result<std::shared_ptr<const domain::GetPersonalityResponse>> find(
        const std::string& slug, const std::string& user_id) const;

private:
    caches::PersonalityIds ids_;
    caches::Personalities personalities_;
    PatientReads& reads_;
    std::optional<std::string> bot_owner_id_;
};

}  // namespace tutti::services::bot
