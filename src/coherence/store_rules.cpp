#include "coherence/store_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/name_rule.hpp"
#include "coherence/wire.hpp"

namespace tutti::store_rules {
namespace {

// "the key has 5000 bytes, allowed are 4096"
std::optional<Error> check_size(std::string_view operation, std::string_view what,
                                std::string_view counted, std::size_t size, std::size_t size_max) {
    if (size <= size_max) return std::nullopt;
    return Error{.code = Errc::too_large,
                 .operation = std::string(operation),
                 .cause = std::string(what) + " " + std::to_string(size) + " " +
                          std::string(counted) + ", allowed are " + std::to_string(size_max)};
}

Error invalid(std::string_view operation, std::string cause) {
    return {.code = Errc::invalid_option,
            .operation = std::string(operation),
            .cause = std::move(cause)};
}

std::optional<Error> check_address(std::string_view operation, const ValueAddress& address) {
    if (auto error = check_name(operation, "the channel", address.channel)) return error;
    if (auto error = check_size(operation, "the prefix has", "bytes", address.prefix.size(),
                                name_bytes_max)) {
        return error;
    }
    return check_size(operation, "the key has", "bytes", address.prefix.size() + address.key.size(),
                      Store::key_bytes_max);
}

std::optional<Error> check_token(std::string_view operation, const LoadToken& token) {
    if (!token.empty() && token.size() <= load_token_bytes_max) return std::nullopt;
    return invalid(operation,
                   "the token must have 1 to " + std::to_string(load_token_bytes_max) + " bytes");
}

}  // namespace

Milliseconds rounded_up(Duration lifetime) noexcept {
    return std::clamp(std::chrono::ceil<Milliseconds>(lifetime), Milliseconds{1}, longest);
}

Milliseconds rounded_down(Duration age) noexcept {
    return std::clamp(std::chrono::duration_cast<Milliseconds>(age), Milliseconds{0}, longest);
}

Milliseconds kept_for(const FillRequest& request) noexcept {
    const Milliseconds fresh = rounded_up(request.fresh_for);
    if (request.address.form == ValueAddress::Form::raw) return fresh;
    return std::max(fresh, rounded_up(request.keep_for));
}

std::string key_of(const ValueAddress& address) { return address.prefix + address.key; }

std::optional<Error> check_name(std::string_view operation, std::string_view what,
                                std::string_view name) {
    const auto wrong = wrong_with_name(name);
    if (!wrong) return std::nullopt;
    return invalid(operation, std::string(what) + " " + *wrong);
}

std::optional<Error> check_key(std::string_view operation, std::string_view key) {
    return check_size(operation, "the key has", "bytes", key.size(), Store::key_bytes_max);
}

std::optional<Error> check_value(std::string_view operation, std::string_view value) {
    return check_size(operation, "the value has", "bytes", value.size(), Store::value_bytes_max);
}

std::optional<Error> check_ttl(std::string_view operation, Ttl ttl) {
    if (ttl.valid()) return std::nullopt;
    return invalid(operation, "ttl must be above zero; Ttl::never() keeps a value for ever");
}

std::optional<Error> check_tags(std::string_view operation, std::span<const std::string> tags,
                                std::size_t count_max) {
    if (auto error = check_size(operation, "there are", "tags", tags.size(), count_max))
        return error;
    for (const std::string& tag : tags) {
        if (is_tag(tag)) continue;
        if (tag.empty()) return invalid(operation, "a tag must not be empty");
        return check_size(operation, "a tag has", "bytes", tag.size(), tag_bytes_max);
    }
    return std::nullopt;
}

std::optional<Error> check_changed(std::string_view operation, const KeySet& changed) {
    if (auto error = check_tags(operation, changed.tags, Bus::keys_max)) return error;
    const char* const counted = changed.tags.empty() ? "keys" : "keys and tags";
    auto error = check_size(operation, "there are", counted, changed.size(), Bus::keys_max);
    if (!error) {
        error = check_size(operation, "the keys have", "bytes", wire::encoded_bytes(changed),
                           Bus::key_bytes_max);
    }
    if (error) error->cause += ": split, or take `all`";
    return error;
}

Error too_many_prefixes(std::string_view operation) {
    return {.code = Errc::too_large,
            .operation = std::string(operation),
            .cause = "the channel has values under " + std::to_string(ValueAddress::prefixes_max) +
                     " prefixes: give some caches another channel"};
}

std::optional<Error> check(std::string_view operation, const FetchRequest& request) {
    if (auto error = check_address(operation, request.address)) return error;
    if (auto error = check_token(operation, request.token)) return error;
    if (request.claim_for > Duration::zero()) return std::nullopt;
    return invalid(operation, "claim_for must be above zero: longer than the load may take");
}

std::optional<Error> check(std::string_view operation, const FillRequest& request) {
    if (auto error = check_address(operation, request.address)) return error;
    if (auto error = check_token(operation, request.token)) return error;
    if (auto error = check_value(operation, request.bytes)) return error;
    if (request.fresh_for <= Duration::zero()) {
        return invalid(operation, "fresh_for must be above zero");
    }
    if (request.rank && request.address.form == ValueAddress::Form::raw) {
        return invalid(operation, "a raw value has no rank: use the framed form");
    }
    if (!request.tags.empty() && request.address.form != ValueAddress::Form::tagged) {
        return invalid(operation, "only a value of the tagged form carries tags");
    }
    if (auto error = check_tags(operation, request.tags, entry_tags_max)) return error;
    return std::nullopt;
}

std::optional<Error> check_release(std::string_view operation, const ValueAddress& address,
                                   const LoadToken& token) {
    if (auto error = check_address(operation, address)) return error;
    return check_token(operation, token);
}

}  // namespace tutti::store_rules
