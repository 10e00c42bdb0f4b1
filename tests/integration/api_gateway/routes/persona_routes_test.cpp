// /user/persona, on both databases.
#include <string>

#include "common/domain/persona.hpp"
#include "integration/api_gateway/support.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;

class Personas : public BothDatabases {
protected:
    domain::Persona create(std::string_view user, const std::string& body) {
        const auto response = call("POST", "/user/persona", user, body);
        EXPECT_EQ(response.status, 201) << response.body;
        return read<domain::GetPersonaResponse>(response).persona;
    }
    std::string names(std::string_view user) {
        std::string text;
        for (const auto& persona :
             read<domain::ListPersonasResponse>(call("GET", "/user/persona", user)).personas) {
            text += persona.name + (persona.is_default ? "* " : " ");
        }
        return text;
    }
};
TUTTI_ON_BOTH_DATABASES(Personas);

TEST_P(Personas, ListMakesTheUsersRow) {
    EXPECT_EQ(call("GET", "/user/persona", "777").body, R"({"personas":[]})");

    execute("UPDATE users SET is_superuser = TRUE WHERE discord_id = '777'");
    EXPECT_EQ(create("777", R"({"name":"A","content":"c"})").name, "A");
}

TEST_P(Personas, FirstOneIsTheDefaultUntilAnotherIs) {
    create(stranger, R"({"name":"Bea","content":"b"})");
    const auto other = create(stranger, R"({"name":"Al","content":"a","pronouns":"they/them"})");
    EXPECT_EQ(names(stranger), "Al Bea* ");

    EXPECT_EQ(call("PATCH", "/user/persona/" + other.id + "/default", stranger).status, 200);

    EXPECT_EQ(names(stranger), "Al* Bea ");
    EXPECT_EQ(other.pronouns, "they/them");
    EXPECT_FALSE(other.preferred_name);
    EXPECT_EQ(other.created_at.size(), std::string_view("2026-01-01T00:00:00.000Z").size());
    EXPECT_TRUE(other.created_at.ends_with('Z'));
}

TEST_P(Personas, UpdateAndDeleteAreForTheOwner) {
    const auto mine = create(stranger, R"({"name":"Bea","content":"b"})");
    const std::string path = "/user/persona/" + mine.id;

    expect_error(call("PUT", path, bot_owner, R"({"name":"X"})"), 404, "NOT_FOUND");
    expect_error(call("DELETE", path, bot_owner), 404, "NOT_FOUND");
    expect_error(call("GET", path, bot_owner), 404, "NOT_FOUND");
    expect_error(call("GET", "/user/persona/nonsense", stranger), 404, "NOT_FOUND");
    const auto updated =
        call("PUT", path, stranger, R"({"content":"new","shareLtmAcrossPersonalities":true})");
    EXPECT_EQ(read<domain::GetPersonaResponse>(updated).persona.content, "new");
    EXPECT_TRUE(read<domain::GetPersonaResponse>(call("GET", path, stranger))
                    .persona.share_ltm_across_personalities);
    EXPECT_EQ(call("DELETE", path, stranger).status, 200);
    EXPECT_EQ(names(stranger), "");
}

TEST_P(Personas, NewOneNeedsANameAndContent) {
    const auto missing = call("POST", "/user/persona", stranger, "{}");

    expect_error(missing, 400, "VALIDATION_ERROR");
    EXPECT_TRUE(missing.body.contains("name: is missing; content: is missing")) << missing.body;
}

}  // namespace
}  // namespace tutti::services
