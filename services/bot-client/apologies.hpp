// What a user is told in place of an answer.
//
// Where an answer may still come, or may be there, the apology says so: it is not contradicted by
// the answer, and who sees none knows what to do.
//
// Thread-safety: constants.
#pragma once

namespace tutti::services::bot::apologies {

inline constexpr const char* not_answered =
    "Sorry, something went wrong on my side. Please try again.";
// It was handed on, and nobody knows whether it arrived.
inline constexpr const char* may_be_answered =
    "Sorry, something went wrong on my side. If you do not see an answer soon, please ask me "
    "again.";
// The queue knows nothing of it any more.
inline constexpr const char* may_be_lost =
    "Sorry, my answer to this seems to be lost on its way. If you do not see it, please ask me "
    "again.";
// Discord was told it, and nobody knows whether it took it.
inline constexpr const char* may_not_be_said =
    "Sorry, I cannot tell whether my answer to this has arrived. If you do not see all of it, "
    "please ask me again.";
inline constexpr const char* no_answer_found =
    "Sorry, I could not find an answer. Please try again.";

}  // namespace tutti::services::bot::apologies
