// From what a caller has to the text that identifies it: two ways of naming the same thing must
// give the same key, and two things must never share one.
//
//     tutti::sha256_hex(tutti::without_query(attachment.url))  // a signed link, without its
//     signature tutti::composite(guild_id, channel_id)                   // examples/codec.cpp
//     tutti::PrincipalKey<ChannelId>{user_id, channel_id}         // what this user may see of it
//
// Thread-safety: functions of their arguments.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tutti/key.hpp"

namespace tutti {

// The link up to its query or fragment: what is left when a signature and its expiry are taken
// away.
[[nodiscard]] std::string without_query(std::string_view url);

// ASCII letters only; other bytes stay, so that the result does not depend on a locale.
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 3986: letters, digits and "-._~" stay, every other byte becomes "%2F". For one segment of a
// path, or for one value of a query.
[[nodiscard]] std::string percent_encode(std::string_view text);
// Two ways of writing one text give the text. Absent when a '%' is not followed by two hexadecimal
// digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

// 64 hexadecimal digits: a key of a fixed size from a text of any size, and one that does not show
// the text. It does not hide what can be guessed and tried.
[[nodiscard]] std::string sha256_hex(std::string_view text);

// Parts with ':' between them. A ':' or '%' inside a part is written "%3A" or "%25", so two
// different lists of parts never have the same text, whatever is in them.
[[nodiscard]] std::string composite(std::span<const std::string_view> parts);

// The same of anything that can be a key: `composite("reply", channel, 3)`.
template <class... Parts>
    requires(sizeof...(Parts) > 0 && (TextKey<std::decay_t<const Parts&>> && ...))
[[nodiscard]] std::string composite(const Parts&... parts) {
    const auto join = [](const auto&... texts) {
        const std::array<std::string_view, sizeof...(texts)> views{std::string_view(texts)...};
        return composite(std::span<const std::string_view>(views));
    };
    return join(KeyText<std::decay_t<const Parts&>>::text(parts)...);
}

// The key of something that is not the same for everyone: who asks is a part of it, so that one
// user's answer is never served to another. An invalidation names both as well.
template <Key K>
struct PrincipalKey {
    // A constructor rather than an aggregate, so that a key may be built within a `co_await`
    // expression: GCC 12 destroys such a temporary twice when it is an aggregate.
    PrincipalKey(std::string who, K what) : principal(std::move(who)), key(std::move(what)) {}

    std::string principal;  // stable and unique: a user's id, not a name
    K key;

    [[nodiscard]] std::string key_text() const { return composite(principal, key); }

    friend bool operator==(const PrincipalKey&, const PrincipalKey&) = default;
};

}  // namespace tutti
