// UUIDs as text: what is one, and the two ways in which the services make them.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <string>
#include <string_view>

namespace tutti::services::domain {

// 8-4-4-4-12 hexadecimal digits, in whatever case.
[[nodiscard]] bool is_uuid(std::string_view text);

// Of version 4, in lower case.
[[nodiscard]] std::string random_uuid();
// Of version 5, in the DNS namespace: the same name has the same id in every deployment.
[[nodiscard]] std::string name_uuid(const std::string& name);

}  // namespace tutti::services::domain
