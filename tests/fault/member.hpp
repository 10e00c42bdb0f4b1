// How the driver tells a member of the fleet what to be: by the environment.
#pragma once

#include <string>

namespace tests::fault {

struct MemberSettings {
    std::string role;  // "node" reads all the time, "writer" commits and invalidates
    std::string name;
    std::string redis;
    std::string source;   // the file
    std::string journal;  // the file
    bool outbox = false;
    // Writer: ends itself by SIGKILL behind that many commits, before the invalidation. Zero:
    // never.
    unsigned dies_after = 0;
    // Writer: further keys that are invalidated each time, each of 1 KiB, so that it takes room.
    unsigned padding_keys = 0;
    // Node: wrong on purpose, so that the checker has something to find. "" is honest.
    //   deaf        whatever it was answered first it answers for ever
    //   past-lease  while it is not ready it answers what it was answered last
    std::string lie;
};

inline constexpr const char* role_variable = "FAULT_ROLE";
inline constexpr const char* name_variable = "FAULT_NAME";
inline constexpr const char* redis_variable = "FAULT_REDIS";
inline constexpr const char* source_variable = "FAULT_SOURCE";
inline constexpr const char* journal_variable = "FAULT_JOURNAL";
inline constexpr const char* outbox_variable = "FAULT_OUTBOX";
inline constexpr const char* dies_after_variable = "FAULT_DIES_AFTER";
inline constexpr const char* padding_variable = "FAULT_PADDING_KEYS";
inline constexpr const char* lie_variable = "FAULT_LIE";

// What a member says on its standard output once it works.
inline constexpr const char* member_works = "works";

}  // namespace tests::fault
