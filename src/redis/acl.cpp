#include "redis/acl.hpp"

#include <set>

#include "redis/command.hpp"

namespace tutti::redis {
namespace {

// A pattern means what these are.
std::string escaped(std::string_view text) {
    std::string pattern;
    for (const char c : text) {
        if (std::string_view("*?[]\\").contains(c)) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

bool is_ours(std::string_view prefix) { return prefix.starts_with("tutti:"); }

std::string joined(const std::set<std::string>& patterns) {
    std::string text;
    for (const std::string& pattern : patterns) text.append(" ").append(pattern);
    return text;
}

// What the general rule has for it already.
std::string_view general_of(std::string_view channel) {
    for (const std::string_view general : {"tutti:", "cache:"}) {
        if (channel.starts_with(general)) return general;
    }
    return {};
}

}  // namespace

std::string key_pattern(std::string_view prefix) {
    return is_ours(prefix) ? "~tutti:*" : "~" + escaped(prefix) + "*";
}

std::string channel_pattern(std::string_view channel) {
    const std::string general(general_of(channel));
    return general.empty() ? "&" + escaped(channel) : "&" + general + "*";
}

std::string rule_for(const Url& url, const Usage& usage) {
    std::string rule(acl_rule);
    std::set<std::string> keys;
    for (const std::string& prefix : usage.prefixes) {
        if (!is_ours(prefix)) keys.insert(key_pattern(prefix));
    }
    std::set<std::string> channels;
    for (const Subscription& subscription : usage.channels) {
        const bool named = subscription.plain && general_of(subscription.channel).empty();
        if (named) channels.insert(channel_pattern(subscription.channel));
    }
    const std::size_t blank = rule.find(" ~<");
    if (!keys.empty()) rule.replace(blank, std::string::npos, joined(keys));
    rule.insert(blank, joined(channels));
    if (url.database != 0) rule.insert(rule.find(" +"), " +select");
    if (url.replicas != 0) rule.insert(rule.find(" +"), " +wait");
    return rule;
}

}  // namespace tutti::redis
