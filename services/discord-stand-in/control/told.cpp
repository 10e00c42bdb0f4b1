#include "discord-stand-in/control/told.hpp"

#include <boost/json/serialize.hpp>

#include "common/http/errors.hpp"

namespace tutti::services::discord::control {

Told tell(const world::Json& body, int status) {
    return {.response = http::json_response(status, boost::json::serialize(body))};
}

Told nothing_to_tell() { return {.response = http::Response{.status = 204}}; }

Told wrong(std::string_view cause) {
    return {.response = http::error_response(http::ErrorCode::validation_error, cause)};
}

Told wrong(const world::Refusal& refusal) {
    const std::string text = boost::json::serialize(world::body_of(refusal));
    return {.response =
                http::error_response(refusal.status == 404 ? http::ErrorCode::not_found
                                                           : http::ErrorCode::validation_error,
                                     text)};
}

Result<world::Snowflake> id_or(const std::optional<std::string>& text,
                               std::optional<world::Snowflake> usual, std::string_view member) {
    const auto id = text ? world::read_snowflake(*text) : usual;
    if (id) return *id;
    return fail(Errc::protocol, "read the request",
                std::string(member) + (text ? ": expected a decimal number above zero"
                                            : ": there is none yet; make one first"));
}

}  // namespace tutti::services::discord::control
