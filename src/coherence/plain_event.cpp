#include "coherence/plain_event.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.hpp"

namespace tutti {

namespace json = boost::json;

std::vector<std::string> write_plain_events(std::span<const PlainEvent> shapes,
                                            std::string_view key) {
    std::vector<std::string> events;
    events.reserve(shapes.size());
    for (const PlainEvent& shape : shapes) {
        events.push_back(json::serialize(json::object{{"type", shape.type}, {shape.key, key}}));
        // Of what was serialized only the UTF-8 is in doubt.
        if (!is_utf8(events.back())) return {std::string(plain_event_of_everything)};
    }
    return events;
}

std::optional<KeySet> read_plain_event(const PlainEvent& shape, std::string_view payload) {
    if (payload.size() > Bus::plain_event_bytes_max) return std::nullopt;
    boost::system::error_code failed;
    json::parse_options flat;
    flat.max_depth = 1;
    const json::value parsed = json::parse({payload.data(), payload.size()}, failed, {}, flat);
    const json::object* event = failed ? nullptr : parsed.if_object();
    if (event == nullptr) return std::nullopt;
    const auto text = [&](std::string_view member) -> const json::string* {
        const json::value* found = event->if_contains(json::string_view(member));
        return found == nullptr ? nullptr : found->if_string();
    };
    const json::string* type = text("type");
    if (type == nullptr) return std::nullopt;
    if (*type == "all") {
        return event->size() == 1 ? std::optional(KeySet::everything()) : std::nullopt;
    }
    const json::string* key = text(shape.key);
    if (*type != shape.type || key == nullptr || event->size() != 2) return std::nullopt;
    return KeySet{.keys = {std::string(*key)}, .all = false};
}

}  // namespace tutti
