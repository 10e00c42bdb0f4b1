#include "cli/processes.hpp"

#include <algorithm>
#include <cstddef>
#include <future>
#include <string_view>
#include <utility>

namespace tutti::cli {
namespace {

constexpr std::string_view audit_path = "/audit";
constexpr std::string_view holdings_path = "/holdings";
// Of the 16 KiB that a server takes before the body the other lines have what is left.
constexpr std::size_t question_bytes_max = 15UL << 10U;

std::string process_url(std::string_view text) {
    constexpr std::string_view mark = "://";
    std::string url(text.contains(mark) ? "" : "http://");
    url += text;
    const std::size_t host = url.find(mark) + mark.size();
    for (const std::string_view route : {audit_path, holdings_path}) {
        if (url.ends_with(route)) url.resize(url.size() - route.size());
    }
    while (url.size() > host && url.ends_with('/')) url.pop_back();
    return url;
}

// For a query.
std::string encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
        if (plain) {
            encoded += c;
        } else {
            encoded += {'%', digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return encoded;
}

std::string holdings_question(std::string_view channel, std::string_view key) {
    return std::string(holdings_path) + "?channel=" + encoded(channel) + "&key=" + encoded(key);
}

Result<Inventory> ask(const std::string& url, Duration timeout, const World& world) {
    const auto body = world.fetch(url, timeout);
    if (!body) return fail(body.error());
    return parse_inventory(*body);
}

// What each of them says, asked at once: one that does not answer delays none of the others.
template <class Answer, class Ask>
std::vector<Result<Answer>> ask_each(const std::vector<std::string>& urls, const Ask& ask) {
    std::vector<std::future<Result<Answer>>> pending;
    pending.reserve(urls.size());
    for (const std::string& url : urls) {
        pending.push_back(std::async(std::launch::async, [&] { return ask(url); }));
    }
    std::vector<Result<Answer>> answers;
    answers.reserve(urls.size());
    for (auto& each : pending) answers.push_back(each.get());
    return answers;
}

}  // namespace

std::vector<std::string> process_urls(const std::vector<std::string>& texts) {
    std::vector<std::string> urls;
    for (const std::string& text : texts) {
        std::string url = process_url(text);
        if (std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
    }
    return urls;
}

bool can_ask_holdings(std::string_view channel, std::string_view key) {
    return holdings_question(channel, key).size() <= question_bytes_max;
}

Result<Holdings> ask_holdings(const std::string& process, std::string_view channel,
                              std::string_view key, Duration timeout, const World& world) {
    const auto body = world.fetch(process + holdings_question(channel, key), timeout);
    if (!body) return fail(body.error());
    return parse_holdings(*body);
}

std::vector<AskedProcess> ask_all(const std::vector<std::string>& texts, Duration timeout,
                                  const World& world) {
    std::vector<std::string> urls = process_urls(texts);
    for (std::string& url : urls) url += audit_path;
    auto inventories =
        ask_each<Inventory>(urls, [&](const std::string& url) { return ask(url, timeout, world); });
    std::vector<AskedProcess> answers;
    answers.reserve(urls.size());
    for (std::size_t i = 0; i < urls.size(); ++i) {
        answers.push_back({.url = std::move(urls[i]), .inventory = std::move(inventories[i])});
    }
    return answers;
}

std::vector<AskedHoldings> ask_all_holdings(const std::vector<std::string>& texts,
                                            std::string_view channel, std::string_view key,
                                            Duration timeout, const World& world) {
    std::vector<std::string> urls = process_urls(texts);
    auto holdings = ask_each<Holdings>(urls, [&](const std::string& url) {
        return ask_holdings(url, channel, key, timeout, world);
    });
    std::vector<AskedHoldings> answers;
    answers.reserve(urls.size());
    for (std::size_t i = 0; i < urls.size(); ++i) {
        answers.push_back({.process = std::move(urls[i]), .holdings = std::move(holdings[i])});
    }
    return answers;
}

}  // namespace tutti::cli
