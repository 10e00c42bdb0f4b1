#include "redis/command.hpp"

#include <hiredis/hiredis.h>

#include <new>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace tutti::redis {
namespace {

struct Meaning {
    std::string_view code;
    Errc errc;
    std::string_view advice;
};

// By the first word of the server's text.
constexpr Meaning meanings[] = {
    {"WRONGPASS", Errc::refused, "check user and password in the URL"},
    {"NOAUTH", Errc::refused, "the server wants a password: redis://user:password@host"},
    {"DENIED", Errc::refused, "the server runs in protected mode: give it a password, or bind it"},
    {"READONLY", Errc::unavailable, "it has become a replica: does the URL name the primary?"},
    {"UNBLOCKED", Errc::unavailable, "it has become a replica"},
    {"MOVED", Errc::unsupported, "Redis Cluster is not supported in this version"},
    {"TUTTI", Errc::unsupported, ""},
    {"LOADING", Errc::unavailable, "the server is still loading its data"},
    {"BUSY", Errc::unavailable, "the server runs a long script"},
    {"MASTERDOWN", Errc::unavailable, ""},
    {"NOREPLICAS", Errc::unavailable, "too few replicas are attached"},
    {"MISCONF", Errc::unavailable, "the server cannot save, and refuses writes"},
    {"OOM", Errc::unavailable, "the server has reached maxmemory"},
};

// Keys and values that the server repeats in its complaints stay out of our logs.
std::string complaint(std::string_view text) {
    constexpr std::size_t bytes_max = 200;
    return shown(text.substr(0, text.find(", with args")), bytes_max);
}

bool is_denied(std::string_view text) {
    return text.starts_with("NOPERM") ||
           text.find("The user executing the script") != std::string_view::npos;
}

}  // namespace

std::string encode(std::span<const std::string_view> words) {
    std::vector<const char*> text;
    std::vector<std::size_t> bytes;
    text.reserve(words.size());
    bytes.reserve(words.size());
    for (const std::string_view word : words) {
        text.push_back(word.data());
        bytes.push_back(word.size());
    }
    char* formatted = nullptr;
    const int size = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), text.data(),
                                            bytes.data());
    if (size < 0) throw std::bad_alloc();
    std::string command(formatted, static_cast<std::size_t>(size));
    redisFreeCommand(formatted);
    return command;
}

std::string encode(std::initializer_list<std::string_view> words) {
    return encode(std::span(words.begin(), words.size()));
}

Error to_error(std::string operation, const Reply& error) {
    Error mapped{.code = Errc::protocol,
                 .operation = std::move(operation),
                 .cause = "the server says: " + complaint(error.text)};
    if (is_denied(error.text)) {
        mapped.code = Errc::refused;
        mapped.cause.append("; allow it: ").append(acl_rule);
        return mapped;
    }
    for (const Meaning& meaning : meanings) {
        if (!error.is_error(meaning.code)) continue;
        mapped.code = meaning.errc;
        if (!meaning.advice.empty()) mapped.cause.append("; ").append(meaning.advice);
    }
    return mapped;
}

Error unexpected_reply(std::string operation, const Reply& reply) {
    if (reply.is(Reply::Type::error)) return to_error(std::move(operation), reply);
    return {.code = Errc::protocol,
            .operation = std::move(operation),
            .cause = "the server's answer has the wrong shape"};
}

}  // namespace tutti::redis
