// What a value looks like in the store, and what its key looks like.
#include <array>
#include <chrono>
#include <expected>
#include <iostream>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/canonical.hpp"
#include "tutti/json.hpp"
#include "tutti/json/msgpack.hpp"

namespace {

struct Personality {
    std::string slug;
    std::optional<std::string> display_name;
    std::vector<std::string> aliases;
};
BOOST_DESCRIBE_STRUCT(Personality, (), (slug, display_name, aliases))

struct Color {
    int red = 0;
};
using Background = std::variant<std::monostate, Color, std::string>;

struct Theme {
    std::chrono::minutes shown_for{};
    std::chrono::sys_seconds since;
    Background background;
};
BOOST_DESCRIBE_STRUCT(Theme, (), (shown_for, since, background))

}  // namespace

// A type that says itself as what it is written.
template <>
struct tutti::json::Converter<Color> {
    using Wire = int;
    static Wire to_wire(const Color& color) { return color.red; }
    static std::expected<Color, std::string> from_wire(Wire red) {
        if (red < 0 || red > 255) return std::unexpected("expected a red of 0 to 255");
        return Color{.red = red};
    }
};

template <>
inline constexpr std::array tutti::json::alternatives<Background>{"none", "color", "picture"};

int main() {
    const auto codec = tutti::json_codec<Personality>();
    const auto text = codec.encode({.slug = "maestro", .display_name = {}, .aliases = {"m"}});
    std::cout << text.value() << '\n';

    // A newer program wrote a member that this one does not know, and left out an optional one.
    const auto read = codec.decode(R"({"slug":"maestro","aliases":[],"mood":"calm"})");
    std::cout << "read: " << read.value().slug << '\n';

    // What cannot be read says where; a cache counts it as a miss.
    const auto broken = codec.decode(R"({"aliases":["m",7]})");
    std::cout << broken.error().message() << '\n';

    // Times say their units, and a variant which of its types it is.
    const Theme theme{.shown_for = std::chrono::minutes(90), .since = {}, .background = Color{7}};
    std::cout << tutti::json::write(theme) << '\n';

    // The same value in fewer bytes.
    const std::string packed = tutti::msgpack_codec<Theme>().encode(theme).value();
    std::cout << packed.size() << " bytes\n";

    // Two signed links to one picture are one key, of a fixed size.
    const auto key = [](const char* link) { return tutti::sha256_hex(tutti::without_query(link)); };
    const bool same =
        key("https://cdn.example/a.png?ex=1") == key("https://cdn.example/a.png?ex=2");

    // A ':' in a part does not make two keys equal.
    const std::string reply = tutti::composite("reply", "guild:7", 42);
    std::cout << reply << '\n';

    // What one user may see is kept apart from what another may see.
    const tutti::PrincipalKey<std::string> mine{"anna", "general"};
    std::cout << mine.key_text() << '\n';

    return same && !broken && tutti::msgpack_codec<Theme>().decode(packed) &&
                   reply == "reply:guild%3A7:42" && mine.key_text() == "anna:general"
               ? 0
               : 1;
}
