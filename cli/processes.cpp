#include "cli/processes.hpp"

#include <algorithm>
#include <future>
#include <string_view>
#include <utility>

namespace tutti::cli {
namespace {

std::string audit_url(std::string_view text) {
    constexpr std::string_view mark = "://";
    std::string url(text.contains(mark) ? "" : "http://");
    url += text;
    const std::size_t host = url.find(mark) + mark.size();
    while (url.size() > host && url.ends_with('/')) url.pop_back();
    return url.ends_with("/audit") ? url : url + "/audit";
}

Result<Inventory> ask(const std::string& url, Duration timeout, const World& world) {
    const auto body = world.fetch(url, timeout);
    if (!body) return fail(body.error());
    return parse_inventory(*body);
}

}  // namespace

std::vector<AskedProcess> ask_all(const std::vector<std::string>& texts, Duration timeout,
                                  const World& world) {
    std::vector<std::string> urls;
    for (const std::string& text : texts) {
        std::string url = audit_url(text);
        if (std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
    }
    std::vector<std::future<Result<Inventory>>> pending;
    pending.reserve(urls.size());
    for (const std::string& url : urls) {
        pending.push_back(std::async(std::launch::async, [&] { return ask(url, timeout, world); }));
    }
    std::vector<AskedProcess> answers;
    for (std::size_t i = 0; i < urls.size(); ++i) {
        auto inventory = pending[i].get();  // its thread reads the URL until then
        answers.push_back({.url = std::move(urls[i]), .inventory = std::move(inventory)});
    }
    return answers;
}

}  // namespace tutti::cli
