// What an operator has to allow a node, as rules of an ACL.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <string>
#include <string_view>

#include "base/usage.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

// For keys that begin with `prefix`: "~users:*".
[[nodiscard]] std::string key_pattern(std::string_view prefix);
// For this channel; what stands in the general rule, where that covers it: "&cache:*", "&news".
[[nodiscard]] std::string channel_pattern(std::string_view channel);

// `acl_rule` for this database and this usage. Without prefixes of its own it has a blank to fill
// in.
[[nodiscard]] std::string rule_for(const Url& url, const Usage& usage);

}  // namespace tutti::redis
