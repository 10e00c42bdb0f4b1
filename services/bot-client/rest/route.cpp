#include "bot-client/rest/route.hpp"

#include "tutti/canonical.hpp"

namespace tutti::services::bot::rest {
namespace {

constexpr std::string_view gap = "{}";

bool has_own_token(std::string_view pattern) {
    return pattern.starts_with("/webhooks/{}/{}") || pattern.starts_with("/interactions/{}/{}");
}

// How many of the first parameters a limit goes by. An interaction is on its own: where Discord
// says nothing of limits, calls of one major parameter go one at a time, and each has three
// seconds.
std::size_t major_parameters(std::string_view pattern) {
    if (has_own_token(pattern)) return 2;
    const auto begins = [&](std::string_view with) { return pattern.starts_with(with); };
    return begins("/channels/{}") || begins("/guilds/{}") || begins("/webhooks/{}") ? 1 : 0;
}

}  // namespace

Result<Route> Route::make(std::string_view method, std::string_view pattern,
                          std::initializer_list<std::string_view> parameters) {
    Route route;
    route.method = method;
    route.pattern = pattern;
    route.own_token = has_own_token(pattern);
    std::size_t majors = major_parameters(pattern);
    for (const std::string_view parameter : parameters) {
        const std::size_t at = pattern.find(gap);
        if (at == std::string_view::npos || parameter.empty()) {
            return fail(Errc::invalid_option, route.operation(),
                        "needs as many parameters as its path has gaps, none of them empty");
        }
        const std::string encoded = percent_encode(parameter);
        route.path.append(pattern.substr(0, at)).append(encoded);
        pattern.remove_prefix(at + gap.size());
        if (majors == 0) continue;
        --majors;
        route.major.append("/").append(encoded);
    }
    if (pattern.contains(gap)) {
        return fail(Errc::invalid_option, route.operation(), "needs more parameters");
    }
    route.path += pattern;
    return route;
}

}  // namespace tutti::services::bot::rest
