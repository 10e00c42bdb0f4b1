// What a value looks like in the store, and what its key looks like.
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "tutti/canonical.hpp"
#include "tutti/json.hpp"

namespace {

struct Personality {
    std::string slug;
    std::optional<std::string> display_name;
    std::vector<std::string> aliases;
};
BOOST_DESCRIBE_STRUCT(Personality, (), (slug, display_name, aliases))

}  // namespace

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

    return same && !broken && reply == "reply:guild%3A7:42" && mine.key_text() == "anna:general"
               ? 0
               : 1;
}
