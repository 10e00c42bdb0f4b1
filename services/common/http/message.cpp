#include "common/http/message.hpp"

#include <algorithm>
#include <stdexcept>

#include "tutti/canonical.hpp"

namespace tutti::services::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
    const auto found = std::ranges::find_if(
        fields_, [&](const Field& field) { return same_name(field.first, name); });
    if (found == fields_.end()) return std::nullopt;
    return found->second;
}

void Headers::set(std::string_view name, std::string value) {
    std::erase_if(fields_, [&](const Field& field) { return same_name(field.first, name); });
    fields_.emplace_back(name, std::move(value));
}

void Headers::add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string> Request::query_value(std::string_view name) const {
    std::string_view rest = query;
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const std::size_t equals = std::min(pair.find('='), pair.size());
        if (percent_decode(pair.substr(0, equals)) != name) continue;
        std::string value(pair.substr(std::min(pair.size(), equals + 1)));
        std::ranges::replace(value, '+', ' ');  // as forms write a space
        return percent_decode(value);
    }
    return std::nullopt;
}

const std::string& Request::parameter(std::string_view name) const {
    const auto found = parameters.find(name);
    if (found == parameters.end()) throw std::logic_error("the route has no :" + std::string(name));
    return found->second;
}

Response text_response(int status, std::string body, std::string_view content_type) {
    return {.status = status,
            .headers = {{"Content-Type", std::string(content_type)}},
            .body = std::move(body)};
}

Response json_response(int status, std::string body) {
    return text_response(status, std::move(body), "application/json; charset=utf-8");
}

Response deferred_response(Start start) {
    Response response;
    response.later = std::move(start);
    return response;
}

}  // namespace tutti::services::http
