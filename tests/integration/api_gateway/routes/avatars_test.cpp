// The pictures of personalities: who may change one, who gets which, and that a change is seen
// everywhere.
#include <algorithm>
#include <array>
#include <string>

#include "common/domain/avatar.hpp"
#include "integration/api_gateway/event_watch.hpp"
#include "integration/api_gateway/support.hpp"
#include "integration/api_gateway/two_gateways.hpp"
#include "support/png.hpp"

namespace tutti::services {
namespace {

using namespace tutti::services::testing;
using tests::base64;
using tests::Pixels;
using tests::plain;
using tests::read_png;
using tests::write_png;

const Pixels red = plain(4, 3, {255, 0, 0, 255});
const Pixels blue = plain(3, 4, {0, 0, 255, 127});

std::string edit_with(const Pixels& pixels) {
    return R"({"avatarData":")" + base64(write_png(pixels)) + "\"}";
}

// "http://host:port/avatars/x.png" without where.
std::string path_of(const domain::Personality& personality) {
    const std::string url = personality.avatar_url.value_or("");
    return url.substr(std::min(url.find("/avatars/"), url.size()));
}

class AvatarTest : public TwoGateways {
protected:
    http::Response get(const std::string& path, http::Headers headers = {}) {
        return send({.path = path, .headers = std::move(headers)});
    }
    std::optional<Pixels> pixels_at(const std::string& path) {
        const auto response = get(path);
        return response.status == 200 ? read_png(response.body) : std::nullopt;
    }
    domain::Personality change(const std::string& slug, const std::string& body,
                               std::string_view user = owner_of_solo) {
        const auto response = call("PUT", "/user/personality/" + slug, user, body);
        EXPECT_EQ(response.status, 200) << response.body;
        return read<domain::GetPersonalityResponse>(response).personality;
    }
};

class Avatars : public AvatarTest, public ::testing::WithParamInterface<DatabaseKind> {
protected:
    void SetUp() override {
        if (GetParam() == DatabaseKind::postgresql) {
            postgres_ = std::make_unique<tests::PostgresDatabase>();
        }
        start({});
    }
};
TUTTI_ON_BOTH_DATABASES(Avatars);

TEST_P(Avatars, UploadIsServedToEverybody) {
    EXPECT_EQ(get("/avatars/maestro.png").status, 404);

    const auto changed = change("maestro", edit_with(red));

    EXPECT_EQ(pixels_at("/avatars/maestro.png"), red);
    EXPECT_EQ(pixels_at(path_of(changed)), red);
    const auto response = get("/avatars/maestro.png");
    EXPECT_EQ(response.headers.find("Content-Type"), "image/png");
    EXPECT_EQ(response.headers.find("X-Content-Type-Options"), "nosniff");
    EXPECT_TRUE(response.headers.find("Last-Modified").value_or("").ends_with(" GMT"));
}

TEST_P(Avatars, NewPersonalityMayComeWithOne) {
    EXPECT_EQ(get("/avatars/echo.png").status, 404);  // from now on known to be nobody's

    const auto made = call("POST", "/user/personality", stranger,
                           R"({"name":"Echo","slug":"echo","avatarData":"data:image/png;base64,)" +
                               base64(write_png(blue)) + "\"}");

    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(pixels_at("/avatars/echo.png"), blue);
}

TEST_P(Avatars, PersonalitySaysWhereItsAvatarIsAndSinceWhen) {
    auto with = options();
    with.public_url = "https://gateway.example";
    start_with(std::move(with));
    EXPECT_FALSE(call("GET", "/user/personality/maestro", stranger).body.contains("avatar"));

    const auto changed = change("maestro", edit_with(red));

    ASSERT_TRUE(changed.avatar_updated_at);
    const auto updated_at = process::read_iso_timestamp(*changed.avatar_updated_at);
    ASSERT_TRUE(updated_at) << *changed.avatar_updated_at;
    EXPECT_EQ(changed.avatar_url, "https://gateway.example/avatars/maestro-" +
                                      domain::version_of(*updated_at) + ".png");
    EXPECT_EQ(read<domain::GetPersonalityResponse>(call("GET", "/internal/personality/maestro"))
                  .personality,
              changed);
}

TEST_P(Avatars, AnotherPictureHasAnotherPathAndTheOldOneLeadsToIt) {
    const auto first = change("maestro", edit_with(red));
    const std::string old_tag(get(path_of(first)).headers.find("ETag").value_or(""));

    const auto second = change("maestro", edit_with(blue));

    EXPECT_NE(path_of(first), path_of(second));
    EXPECT_EQ(pixels_at(path_of(second)), blue);
    EXPECT_EQ(pixels_at(path_of(first)), blue);
    EXPECT_EQ(get("/avatars/maestro.png", {{"If-None-Match", old_tag}}).status, 200);
}

TEST_P(Avatars, PathsDifferAlsoWhenTheClockStands) {
    change("maestro", edit_with(red));
    execute("UPDATE personality_avatars SET updated_at = '2100-01-01T00:00:00.999Z'");

    const auto changed = change("maestro", edit_with(blue));

    EXPECT_EQ(changed.avatar_updated_at, "2100-01-01T00:00:01.000Z");
}

TEST_P(Avatars, OnlyThePathThatNeverMeansAnotherPictureIsKeptForEver) {
    const auto first = change("maestro", edit_with(red));
    const auto second = change("maestro", edit_with(blue));
    const auto kept = [&](const std::string& path) {
        return std::string(get(path).headers.find("Cache-Control").value_or(""));
    };

    EXPECT_EQ(kept(path_of(second)), "public, max-age=604800, immutable");
    EXPECT_EQ(kept(path_of(first)), "public, no-cache");
    EXPECT_EQ(kept("/avatars/maestro.png"), "public, no-cache");
}

TEST_P(Avatars, WhoeverHasItGetsNoBody) {
    const std::string path = path_of(change("maestro", edit_with(red)));
    const std::string tag(get(path).headers.find("ETag").value_or(""));
    EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"')) << tag;

    for (const std::string& known :
         {tag, "W/" + tag, "\"x\", " + tag, tag + ",\"x\"", std::string("*")}) {
        const auto response = get(path, {{"If-None-Match", known}});
        EXPECT_EQ(response.status, 304) << known;
        EXPECT_EQ(response.body, "");
        EXPECT_EQ(response.headers.find("ETag"), tag);
        EXPECT_EQ(response.headers.find("Content-Length"), std::nullopt);
    }
    for (const char* unknown : {"", "\"x\"", ",", "W/", "x"}) {
        EXPECT_EQ(get(path, {{"If-None-Match", unknown}}).status, 200) << unknown;
    }
}

TEST_P(Avatars, SlugThatLooksLikeAVersionMeansItself) {
    const auto maestro = change("maestro", edit_with(red));
    const std::string other = "maestro-1700000000000";
    EXPECT_EQ(pixels_at("/avatars/" + other + ".png"), red)
        << "an old version, as far as one knows";

    call("POST", "/user/personality", stranger, R"({"name":"O","slug":")" + other + "\"}");
    EXPECT_EQ(get("/avatars/" + other + ".png").status, 404) << "it has none";
    const auto changed = change(other, edit_with(blue), stranger);

    EXPECT_EQ(pixels_at("/avatars/" + other + ".png"), blue);
    EXPECT_EQ(pixels_at(path_of(changed)), blue);
    EXPECT_EQ(pixels_at(path_of(maestro)), red);
}

TEST_P(Avatars, NobodyTakesAPathOverByChoosingASlug) {
    const std::string path = path_of(change("maestro", edit_with(red)));
    const std::string name = path.substr(std::string_view("/avatars/").size());
    const std::string slug = name.substr(0, name.size() - std::string_view(".png").size());

    const auto made = call("POST", "/user/personality", stranger,
                           R"({"name":"Thief","slug":")" + slug + R"(","avatarData":")" +
                               base64(write_png(blue)) + "\"}");

    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(pixels_at(path), red);
}

TEST_P(Avatars, EmptyTextTakesItAway) {
    const auto before = change("maestro", edit_with(red));
    EXPECT_EQ(pixels_at("/avatars/maestro.png"), red);

    const auto after = change("maestro", R"({"avatarData":""})");

    EXPECT_FALSE(after.avatar_url);
    EXPECT_FALSE(after.avatar_updated_at);
    expect_error(get("/avatars/maestro.png"), 404, "NOT_FOUND");
    expect_error(get(path_of(before)), 404, "NOT_FOUND");
}

TEST_P(Avatars, EditThatDoesNotNameItLeavesItAlone) {
    const auto before = change("maestro", edit_with(red));

    const auto after = change("maestro", R"({"characterInfo":"new"})");

    EXPECT_EQ(after.avatar_url, before.avatar_url);
    EXPECT_EQ(pixels_at("/avatars/maestro.png"), red);
}

TEST_P(Avatars, RenamedPersonalityTakesItAlong) {
    const std::string before = path_of(change("maestro", edit_with(red)));
    EXPECT_EQ(pixels_at(before), red);

    const auto renamed = change("maestro", R"({"slug":"conductor"})");

    EXPECT_EQ(pixels_at("/avatars/conductor.png"), red);
    EXPECT_EQ(pixels_at(path_of(renamed)), red);
    EXPECT_EQ(get("/avatars/maestro.png").status, 404);
    EXPECT_EQ(get(before).status, 404);
}

TEST_P(Avatars, DeletedPersonalityTakesItAlong) {
    const std::string path = path_of(change("maestro", edit_with(red)));
    EXPECT_EQ(pixels_at(path), red);

    EXPECT_EQ(call("DELETE", "/user/personality/maestro", owner_of_solo).status, 200);

    EXPECT_EQ(get("/avatars/maestro.png").status, 404);
    EXPECT_EQ(get(path).status, 404);
    call("POST", "/user/personality", stranger, R"({"name":"M","slug":"maestro"})");
    EXPECT_EQ(get("/avatars/maestro.png").status, 404) << "it is somebody else's slug now";
}

TEST_P(Avatars, OnlyTheOwnerAndTheBotOwnerChangeIt) {
    const auto refused = call("PUT", "/user/personality/maestro", stranger, edit_with(red));

    expect_error(refused, 403, "UNAUTHORIZED");
    EXPECT_EQ(get("/avatars/maestro.png").status, 404);
    change("maestro", edit_with(red), bot_owner);
    EXPECT_EQ(pixels_at("/avatars/maestro.png"), red);
}

TEST_P(Avatars, WhatIsNoPictureIsNamedAndNothingIsChanged) {
    const auto not_base64 = call("PUT", "/user/personality/maestro", owner_of_solo,
                                 R"({"characterInfo":"new","avatarData":"!"})");
    const auto not_png =
        call("PUT", "/user/personality/maestro", owner_of_solo,
             R"({"characterInfo":"new","avatarData":")" + base64("GIF89a") + "\"}");

    expect_error(not_base64, 400, "VALIDATION_ERROR");
    EXPECT_TRUE(not_base64.body.contains("avatarData: must be base64")) << not_base64.body;
    expect_error(not_png, 400, "VALIDATION_ERROR");
    EXPECT_TRUE(
        not_png.body.contains("avatarData: must be a PNG of at most 1024 x 1024 pixels and 1 MiB"))
        << not_png.body;
    EXPECT_TRUE(call("GET", "/user/personality/maestro", stranger).body.contains("baton"));
}

TEST_P(Avatars, LargestOnesGoThrough) {
    const std::string png = tests::least_compact_png();

    change("maestro", R"({"avatarData":")" + base64(png) + "\"}");

    const auto served = get("/avatars/maestro.png");
    EXPECT_GT(served.body.size(), 2'000'000U);
    EXPECT_EQ(read_png(served.body), read_png(png));
}

TEST_P(Avatars, FileNamesThatCannotBeOursAreWrong) {
    for (const char* file : {"maestro", "maestro.jpg", ".png", "Maestro.png", "..%2Fmaestro.png",
                             "a%20b.png", "maestro.png.png", "%00.png"}) {
        expect_error(get(std::string("/avatars/") + file), 400, "VALIDATION_ERROR");
    }
    expect_error(get("/avatars/" + std::string(300, 'a') + ".png"), 400, "VALIDATION_ERROR");
    expect_error(get("/avatars/nobody.png"), 404, "NOT_FOUND");
    expect_error(get("/avatars/nobody-1700000000000.png"), 404, "NOT_FOUND");
    expect_error(get("/avatars/" + std::string(260, 'a') + ".png"), 404, "NOT_FOUND");
    expect_error(get("/avatars/maestro/x.png"), 404, "NOT_FOUND");
}

// Two gateways on one PostgreSQL and one Redis.
class AvatarFleet : public AvatarTest {
protected:
    void SetUp() override {
        postgres_ = std::make_unique<tests::PostgresDatabase>();
        start_both();
    }
    std::optional<Pixels> pixels_of_second(const std::string& path) {
        const auto response = send(second_url_, {.path = path});
        return response.status == 200 ? read_png(response.body) : std::nullopt;
    }
    // Of the second gateway's cache.
    [[nodiscard]] std::string count_of(const std::string& what) {
        const auto metrics = metrics_text(second_url_);
        const auto at = metrics.find("tutti_cache_" + what + "_total{cache=\"avatars\"");
        return at == std::string::npos ? "none" : metrics.substr(at, metrics.find('\n', at) - at);
    }
};

TEST_F(AvatarFleet, ChangeOnOneGatewayIsServedByTheOther) {
    change("maestro", edit_with(red));
    EXPECT_TRUE(eventually([&] { return pixels_of_second("/avatars/maestro.png") == red; }));

    for (int round = 0; round < 5; ++round) {
        for (const Pixels& pixels : {blue, red}) {
            const std::string path = path_of(change("maestro", edit_with(pixels)));

            EXPECT_TRUE(
                eventually([&] { return pixels_of_second("/avatars/maestro.png") == pixels; }, 2s));
            EXPECT_EQ(pixels_of_second(path), pixels);
        }
    }
    change("maestro", R"({"avatarData":""})");
    EXPECT_TRUE(eventually([&] { return !pixels_of_second("/avatars/maestro.png"); }, 2s));
}

TEST_F(AvatarFleet, WhatNobodyChangesIsServedFromMemory) {
    change("maestro", edit_with(red));
    EXPECT_TRUE(eventually([&] { return pixels_of_second("/avatars/maestro.png") == red; }));

    // Word of the change comes several times, by the route and by the listeners of both; then it is
    // quiet.
    EXPECT_TRUE(eventually([&] {
        const auto hits = count_of("hits");
        const auto loads = count_of("loads");
        EXPECT_EQ(pixels_of_second("/avatars/maestro.png"), red);
        return count_of("hits") != hits && count_of("loads") == loads;
    }));
}

TEST_F(AvatarFleet, ChangeOfAnotherProgramIsServedByAll) {
    change("maestro", edit_with(red));
    EXPECT_TRUE(eventually([&] { return pixels_of_second("/avatars/maestro.png") == red; }));
    EXPECT_EQ(pixels_at("/avatars/maestro.png"), red);
    EventWatch watch(redis);
    const auto png = [](const Pixels& pixels) {
        return "decode('" + base64(write_png(pixels)) + "', 'base64')";
    };

    execute("UPDATE personality_avatars SET png = " + png(blue));  // also without updated_at

    EXPECT_TRUE(eventually([&] { return pixels_at("/avatars/maestro.png") == blue; }));
    EXPECT_TRUE(eventually([&] { return pixels_of_second("/avatars/maestro.png") == blue; }));
    const std::string event =
        std::string(R"(invalidation {"type":"personality","personalityId":")") + maestro_id + "\"}";
    EXPECT_TRUE(eventually([&] { return std::ranges::count(watch.take(), event) > 0; }));

    execute("DELETE FROM personality_avatars");
    EXPECT_TRUE(eventually([&] { return !pixels_of_second("/avatars/maestro.png"); }));
}

}  // namespace
}  // namespace tutti::services
