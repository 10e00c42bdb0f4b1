#include "api-gateway/attachments/store.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "api-gateway/attachments/cleanup.hpp"
#include "api-gateway/attachments/downloads.hpp"
#include "api-gateway/gateway.hpp"
#include "api-gateway/routes/attachment_routes.hpp"
#include "support/temporary_folder.hpp"
#include "unit/api_gateway/routes/route_table.hpp"

namespace tutti::services::gateway::attachments {
namespace {

using namespace std::chrono_literals;
using namespace tutti::services::testing;
namespace fs = std::filesystem;

constexpr const char* first = "11111111-2222-4333-8444-555555555555";
constexpr const char* second = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
constexpr std::uint64_t block = 4096;  // what the smallest file counts

std::string text_of_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Store : ::testing::Test {
    [[nodiscard]] fs::path path(const std::string& name) const {
        return fs::path(directory) / name;
    }
    [[nodiscard]] std::unique_ptr<AttachmentStore> open(std::uint64_t bytes_max = 1U << 20U) const {
        auto opened = AttachmentStore::open({.directory = directory, .bytes_max = bytes_max});
        EXPECT_TRUE(opened) << opened.error().message();
        return *std::move(opened);
    }

    tests::TemporaryFolder folder;
    std::string directory = folder.file("attachments");
    std::unique_ptr<AttachmentStore> store = open();
};

TEST_F(Store, FileIsReadByteForByteUntilItsRequestIsRemoved) {
    const std::string bytes("\0\xff\r\n%", 5);
    ASSERT_TRUE(store->save(first, "a b.png", bytes));
    ASSERT_TRUE(store->save(first, "empty", ""));
    ASSERT_TRUE(store->save(second, "a b.png", "other"));

    EXPECT_EQ(store->read(first, "a b.png"), bytes);
    EXPECT_EQ(store->read(first, "empty"), "");
    EXPECT_EQ(text_of_file(path(first + std::string("/a b.png"))), bytes);
    store->remove(first);

    EXPECT_FALSE(store->read(first, "a b.png"));
    EXPECT_FALSE(fs::exists(path(first)));
    EXPECT_EQ(store->read(second, "a b.png"), "other");
    EXPECT_EQ(store->bytes(), block);
}

TEST_F(Store, NobodyElseMayLookAndNoHalfFileStays) {
    ASSERT_TRUE(store->save(first, "a.png", "bytes"));

    struct stat about{};
    for (const auto& [name, mode] : {std::pair{path(""), 0700U},
                                     {path(first), 0700U},
                                     {path(first + std::string("/a.png")), 0600U}}) {
        ASSERT_EQ(::stat(name.c_str(), &about), 0);
        EXPECT_EQ(about.st_mode & 0777U, mode) << name;
    }
    EXPECT_EQ(std::distance(fs::directory_iterator(path(first)), fs::directory_iterator()), 1);
}

TEST_F(Store, NamesThatCouldLeadElsewhereAreNeitherWrittenNorRead) {
    std::ofstream(folder.file("secret")) << "secret";
    std::ofstream(path("secret")) << "secret";
    ASSERT_TRUE(store->save(first, "a.png", "bytes"));

    for (const std::string& name :
         {std::string("../secret"), std::string("../../secret"), std::string(".."),
          std::string("."), std::string(""), std::string("/etc/passwd"), std::string("a\\b"),
          std::string("a\0.png", 6), std::string("a\n"), std::string(".part-1"),
          std::string(201, 'a')}) {
        EXPECT_FALSE(store->read(first, name)) << name;
        EXPECT_FALSE(store->save(first, name, "x")) << name;
    }
    for (const char* id :
         {"", ".", "..", "../attachments", "secret", "a/../secret",
          "11111111-2222-4333-8444-55555555555", "11111111-2222-4333-8444-5555555555555",
          "AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee", "11111111/2222-4333-8444-555555555555"}) {
        EXPECT_FALSE(store->read(id, "secret")) << id;
        EXPECT_FALSE(store->save(id, "secret", "x")) << id;
        store->remove(id);
    }
    EXPECT_EQ(text_of_file(folder.file("secret")), "secret");
    EXPECT_EQ(text_of_file(path("secret")), "secret");
    EXPECT_EQ(store->read(first, "a.png"), "bytes");
}

TEST_F(Store, SymbolicLinksAreNotFollowed) {
    fs::create_directory(folder.file("elsewhere"));
    std::ofstream(folder.file("elsewhere/a.png")) << "secret";
    fs::create_directory_symlink(folder.file("elsewhere"), path(first));
    ASSERT_TRUE(store->save(second, "b.png", "bytes"));
    fs::create_symlink(folder.file("elsewhere/a.png"), path(second + std::string("/link.png")));
    ASSERT_EQ(::mkfifo(path(second + std::string("/pipe.png")).c_str(), 0600), 0);

    EXPECT_FALSE(store->read(first, "a.png"));
    EXPECT_FALSE(store->save(first, "a.png", "overwritten"));
    EXPECT_FALSE(store->read(second, "link.png"));
    EXPECT_FALSE(store->read(second, "pipe.png")) << "and does not wait for a writer";
    EXPECT_TRUE(store->save(second, "link.png", "ours")) << "takes the link's place";
    store->remove(first);
    store->remove(second);

    EXPECT_EQ(text_of_file(folder.file("elsewhere/a.png")), "secret");
    EXPECT_FALSE(fs::exists(fs::symlink_status(path(first))));
}

TEST_F(Store, FullStoreRefusesUntilATenthIsFreeAgain) {
    const auto small = open(10 * block);
    ASSERT_TRUE(small->save(first, "a", std::string(8 * block, 'x')));
    EXPECT_FALSE(small->full());

    const auto refused = small->save(second, "b", std::string(block, 'x'));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_TRUE(small->full());
    EXPECT_FALSE(fs::exists(path(second)));
    small->remove(first);
    EXPECT_FALSE(small->full());
    EXPECT_TRUE(small->save(second, "b", std::string(block, 'x')));
}

TEST_F(Store, LimitOfAFileAndASaveThatFailsCostNoRoom) {
    EXPECT_EQ(
        store->save(first, "a", std::string(AttachmentStore::file_bytes_max + 1, 'x')).error().code,
        Errc::too_large);
    std::ofstream(path(first)) << "in the way";

    EXPECT_EQ(store->save(first, "a", "x").error().code, Errc::unavailable);

    EXPECT_EQ(store->bytes(), 0U);
}

TEST_F(Store, FilesOfAnEarlierProcessCount) {
    ASSERT_TRUE(store->save(first, "a", "x"));

    const auto later = open(block);

    EXPECT_EQ(later->bytes(), block);
    EXPECT_FALSE(later->save(second, "b", "x"));
    EXPECT_EQ(later->read(first, "a"), "x");
}

TEST_F(Store, SweepTakesOldRequestsAndNothingElse) {
    ASSERT_TRUE(store->save(first, "a", "x"));
    ASSERT_TRUE(store->save(second, "b", "x"));
    fs::create_directory(path("somebody's"));
    for (const char* old : {first, "somebody's"}) {
        fs::last_write_time(path(old), fs::file_time_type::clock::now() - 61min);
    }
    const auto other = open();
    other->remove(second);

    store->remove_older_than(std::chrono::system_clock::now() - 1h);

    EXPECT_FALSE(fs::exists(path(first)));
    EXPECT_TRUE(fs::exists(path("somebody's")));
    EXPECT_EQ(store->bytes(), 0U) << "what another gateway has removed is counted, too";
}

TEST_F(Store, FolderThatCannotBeIsAClearError) {
    std::ofstream(folder.file("file")) << "x";
    for (const std::string& wrong :
         {folder.file("file"), folder.file("none/attachments"), folder.file("file/attachments")}) {
        const auto opened = AttachmentStore::open({.directory = wrong});
        ASSERT_FALSE(opened) << wrong;
        EXPECT_EQ(opened.error().code, Errc::invalid_option);
        EXPECT_THAT(
            opened.error().message(),
            ::testing::AllOf(::testing::HasSubstr("ATTACHMENT_DIR"), ::testing::HasSubstr(wrong)));
    }
    EXPECT_EQ(AttachmentStore::open({.directory = "/proc/self"}).error().code, Errc::refused)
        << "not even root may write there";
}

TEST(AttachmentNames, AreOneSafeSegmentNearToWhatTheUserWrote) {
    EXPECT_EQ(safe_file_name("cat picture.png"), "cat picture.png");
    EXPECT_EQ(safe_file_name("k\xc3\xa4tzchen.png"), "k\xc3\xa4tzchen.png");
    EXPECT_EQ(safe_file_name("../../etc/passwd"), "_._.._etc_passwd");
    EXPECT_EQ(safe_file_name("..\\a"), "_._a");
    EXPECT_EQ(safe_file_name(".htaccess"), "_htaccess");
    EXPECT_EQ(safe_file_name(std::string_view("a\0b\n\x7f.png", 9)), "a_b__.png");
    EXPECT_EQ(safe_file_name(""), "");
}

TEST(AttachmentNames, LongOnesKeepTheirExtensionAndWholeCharacters) {
    const auto cut = safe_file_name(std::string(500, 'a') + ".png");
    EXPECT_EQ(cut.size(), 190U);
    EXPECT_TRUE(cut.ends_with("a.png"));

    std::string umlauts = "x";
    for (int i = 0; i < 200; ++i) umlauts += "\xc3\xa4";
    EXPECT_EQ(safe_file_name(umlauts).size(), 189U);
    EXPECT_EQ(safe_file_name("." + std::string(300, 'b')).size(), 190U);
}

TEST(AttachmentNames, NumbersGoBeforeTheExtension) {
    EXPECT_EQ(numbered_file_name("a.b.png", 2), "a.b-2.png");
    EXPECT_EQ(numbered_file_name("noext", 12), "noext-12");
}

TEST(GatewayOptions, WhatIsOutsideFindsTheGatewayByItsPublicUrlIfItHasOne) {
    process::Settings settings;
    settings.gateway_url = "http://inside:3000";
    EXPECT_EQ(Gateway::Options::from(settings).public_url, "http://inside:3000");

    settings.public_gateway_url = "https://outside";

    EXPECT_EQ(Gateway::Options::from(settings).public_url, "https://outside");
    EXPECT_EQ(Gateway::Options::from(settings).attachments.hosts.discord_base_url, "")
        << "Discord's own hosts";
}

TEST(AttachmentMediaTypes, OnlyHarmlessOnesAreNamed) {
    EXPECT_EQ(routes::attachment_media_type("a.PNG"), "image/png");
    EXPECT_EQ(routes::attachment_media_type("voice-message.ogg"), "audio/ogg");
    EXPECT_EQ(routes::attachment_media_type("a.mp4"), "video/mp4");
    EXPECT_EQ(routes::attachment_media_type("a.html.txt"), "text/plain; charset=utf-8");
    for (const char* other : {"a.html", "a.htm", "a.svg", "a.SVG", "a.xhtml", "a.js", "a.pdf",
                              "a.png.html", "png", "a.", "a"}) {
        EXPECT_EQ(routes::attachment_media_type(other), "application/octet-stream") << other;
    }
}

TEST_F(Store, RouteServesFilesAsThingsToSaveAndNothingElse) {
    ASSERT_TRUE(store->save(first, "k\xc3\xa4tzchen 1.png", "bytes"));
    ASSERT_TRUE(store->save(first, "page.html", "<script>"));
    const RouteTable table(routes::attachment_routes(*store));
    const std::string at = std::string("/temp-attachments/") + first + '/';

    const auto image = table.get(at + "k%C3%A4tzchen%201.png");
    const auto page = table.get(at + "page.html");

    EXPECT_EQ(image.status, 200);
    EXPECT_EQ(image.body, "bytes");
    EXPECT_EQ(image.headers.find("Content-Type"), "image/png");
    EXPECT_EQ(page.headers.find("Content-Type"), "application/octet-stream");
    for (const auto* response : {&image, &page}) {
        EXPECT_EQ(response->headers.find("X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(response->headers.find("Content-Disposition"), "attachment");
        EXPECT_EQ(response->headers.find("Cache-Control"), "private, max-age=3600");
    }
    EXPECT_EQ(table.call({.method = "HEAD", .path = at + "page.html"}).status, 200);
    EXPECT_EQ(table.routes().front().access, routes::Access::everyone);
    for (const std::string& wrong :
         {at + "other.png", at + "..%2F..%2Fsecret", at + "%2E%2E", at + "a%00.png", at,
          std::string("/temp-attachments/%2E%2E/secret"),
          std::string("/temp-attachments/x/page.html")}) {
        const auto response = table.get(wrong);
        EXPECT_EQ(response.status, 404) << wrong;
        EXPECT_EQ(text_of(response, "error"), "NOT_FOUND");
    }
}

struct Cleanup : Store {
    void SetUp() override {
        ASSERT_TRUE(store->save(first, "a", "x"));
        ASSERT_TRUE(store->save(second, "b", "x"));
    }
    TimePoint step(Duration after, Duration wall_after = {}) {
        return cleanup.step(
            begin + after,
            wall + std::chrono::duration_cast<AttachmentStore::WallTime::duration>(wall_after));
    }

    TimePoint begin{1h};
    AttachmentStore::WallTime wall = std::chrono::system_clock::now();
    AttachmentCleanup cleanup{*store, {}};
};

TEST_F(Cleanup, FilesGoFiveSecondsAfterTheirJob) {
    EXPECT_EQ(step(0s), begin + 1min);
    cleanup.job_ended(std::string("llm-") + first, begin + 1s);
    cleanup.job_ended(std::string("llm-") + first, begin + 3s);

    EXPECT_EQ(step(5900ms), begin + 6s) << "counted from the first time that it was said";
    EXPECT_TRUE(store->read(first, "a"));
    EXPECT_EQ(step(6s), begin + 1min);

    EXPECT_FALSE(store->read(first, "a"));
    EXPECT_TRUE(store->read(second, "b"));
}

TEST_F(Cleanup, OtherJobsAndNonsenseTakeNothing) {
    for (const std::string& other :
         {std::string("audio-") + first, std::string("image-") + first, std::string(first),
          std::string("llm-"), std::string("llm-../") + first}) {
        cleanup.job_ended(other, begin);
    }

    (void)step(1min);

    EXPECT_TRUE(store->read(first, "a"));
}

TEST_F(Cleanup, WhateverHappensAnHourIsTheEnd) {
    (void)step(0s);
    EXPECT_EQ(step(1min, 59min), begin + 2min);
    EXPECT_TRUE(store->read(first, "a"));
    (void)step(61s, 2h);
    EXPECT_TRUE(store->read(first, "a")) << "looked at once a minute";

    (void)step(2min, 61min);

    EXPECT_FALSE(store->read(first, "a"));
    EXPECT_EQ(store->bytes(), 0U);
}

}  // namespace
}  // namespace tutti::services::gateway::attachments
