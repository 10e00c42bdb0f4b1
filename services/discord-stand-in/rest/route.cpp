#include "discord-stand-in/rest/route.hpp"

namespace tutti::services::discord::rest {

const world::JsonObject& Call::body() const {
    static const world::JsonObject empty;
    const world::JsonObject* const object = document.if_object();
    return object == nullptr ? empty : *object;
}

world::Snowflake Call::id(std::string_view name) const {
    return world::read_snowflake(request.parameter(name)).value_or(0);
}

std::optional<world::Snowflake> Call::query_id(std::string_view name) const {
    const auto text = request.query_value(name);
    return text ? world::read_snowflake(*text) : std::nullopt;
}

bool Call::query_flag(std::string_view name) const {
    const auto text = request.query_value(name);
    return text == "true" || text == "1";
}

bool Call::is_of_interaction() const { return id("webhook") == world.application().id; }

}  // namespace tutti::services::discord::rest
