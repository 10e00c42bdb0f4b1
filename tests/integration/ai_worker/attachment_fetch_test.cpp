// Attachments are fetched from where the operator says, and from nowhere else.
#include "ai-worker/attachments/attachment_fetch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "common/http/router.hpp"
#include "common/http/server.hpp"
#include "tutti/canonical.hpp"

namespace tutti::services::worker::attachments {
namespace {

using namespace std::chrono_literals;
using providers::FailureCategory;
using ::testing::HasSubstr;

constexpr const char* discord_url = "https://cdn.discordapp.com/attachments/1/2/cat.png";

// A host of files on loopback, which counts what it is asked.
class Host {
public:
    Host() {
        http::Router router;
        router
            .add("GET", "/temp-attachments/:request/:name",
                 answer(http::text_response(200, "ours")))
            .add("GET", "/attachments/1/2/cat.png", answer(http::text_response(200, "a cat")))
            .add("GET", "/file", answer(http::text_response(200, "a file")))
            .add("GET", "/gone", answer({.status = 404}))
            .add("GET", "/broken", answer({.status = 500}))
            .add("GET", "/large", answer(http::text_response(200, std::string(2000, 'x'))))
            .add("GET", "/to", [this](const http::Request& request) {
                ++asked;
                http::Response response{.status = 302};
                response.headers.set("Location", request.query_value("url").value_or(""));
                return response;
            });
        server = http::Server::start({}, std::move(router)).value();
    }
    [[nodiscard]] std::string url(const std::string& path = "") const {
        return "http://127.0.0.1:" + std::to_string(server->port()) + path;
    }
    [[nodiscard]] std::string by_name(const std::string& path) const {
        return "http://localhost:" + std::to_string(server->port()) + path;
    }
    [[nodiscard]] std::string redirect(const std::string& to) const {
        return url("/to?url=" + tutti::percent_encode(to));
    }

    std::atomic<int> asked = 0;

private:
    http::Handler answer(http::Response response) {
        return [this, response = std::move(response)](const http::Request&) {
            ++asked;
            return response;
        };
    }

    std::unique_ptr<http::Server> server;
};

class Fetch : public ::testing::Test {
protected:
    using Options = AttachmentFetch::Options;

    providers::Answered<std::string> fetch(const Options& options,
                                           const domain::MediaPlace& place) {
        AttachmentFetch fetch(options);
        return fetch.fetch(place, Boottime::now() + 5s);
    }
    providers::Answered<std::string> fetch(const Options& options, const std::string& url) {
        return fetch(options, domain::MediaPlace{.url = url, .original_url = {}});
    }
    void expect_refused(const Options& options, const std::string& url) {
        const int before = host.asked;
        const auto file = fetch(options, url);

        ASSERT_FALSE(file) << url;
        EXPECT_EQ(file.error().error.code, Errc::refused) << file.error().error.message();
        EXPECT_FALSE(file.error().category) << "it is nobody's failure to be remembered";
        EXPECT_EQ(host.asked, before) << url;
    }
    // The host is named, with its address.
    [[nodiscard]] Options named() const { return {.hosts = {.origins = {host.url()}}}; }
    // A host is named by its name, which resolves to this machine.
    [[nodiscard]] Options by_name(std::vector<net::Network> networks = {}) const {
        return {.hosts = {.origins = {host.by_name("")}, .networks = std::move(networks)}};
    }

    Host host;
};

TEST_F(Fetch, NamedHostIsAsked) { EXPECT_EQ(fetch(named(), host.url("/file")).value(), "a file"); }

TEST_F(Fetch, HostThatIsNotNamedIsNotAsked) {
    expect_refused({}, host.url("/file"));
    expect_refused({}, "http://cdn.discordapp.com/attachments/1/2/x");  // not https
    expect_refused({}, "https://cdn.discordapp.com:8443/x");            // another port
    expect_refused({}, "https://cdn.discordapp.com.evil.example/x");
    expect_refused({}, "https://cdn.discordapp.com@127.0.0.1/x");
    expect_refused({}, "https://169.254.169.254/latest/meta-data");
    expect_refused({}, "file:///etc/passwd");
    expect_refused({}, "");
    expect_refused(named(), host.by_name("/file"));
}

TEST_F(Fetch, NameThatLeadsToThisMachineIsRefusedUnlessTheOperatorNamedTheNetwork) {
    expect_refused(by_name(), host.by_name("/file"));
    expect_refused(by_name({net::Network::parse("10.0.0.0/8").value()}), host.by_name("/file"));

    const auto file = fetch(
        by_name({net::Network::parse("127.0.0.0/8").value(), net::Network::parse("::1").value()}),
        host.by_name("/file"));

    ASSERT_TRUE(file) << file.error().error.message();
    EXPECT_EQ(*file, "a file");
}

TEST_F(Fetch, NameIsComparedWithoutCase) {
    std::string shouted = host.by_name("/file");
    shouted.replace(shouted.find("localhost"), 9, "LOCALHOST");

    EXPECT_TRUE(fetch(
        by_name({net::Network::parse("127.0.0.0/8").value(), net::Network::parse("::1").value()}),
        shouted));
}

TEST_F(Fetch, GatewaysFilesAreFetchedAndNothingElseOfIt) {
    const Options options{.gateway_urls = {host.by_name("")}};

    EXPECT_EQ(fetch(options, host.by_name("/temp-attachments/r/x.png")).value(), "ours");
    expect_refused(options, host.by_name("/file"));
    expect_refused(options, host.by_name("/temp-attachments/../file"));
}

TEST_F(Fetch, DiscordsHostsAreElsewhereWhenTheOperatorSaysSo) {
    const Options options{.hosts = {.discord_base_url = host.url()}};

    EXPECT_EQ(fetch(options, discord_url).value(), "a cat");
    expect_refused(options, host.url("/file"));
}

TEST_F(Fetch, WhatTheGatewayHasNoMoreIsFetchedFromWhereItCame) {
    const Options options{.hosts = {.discord_base_url = host.url()}, .gateway_urls = {host.url()}};

    EXPECT_EQ(
        fetch(options, {.url = host.url("/temp-attachments/gone"), .original_url = discord_url})
            .value(),
        "a cat");
}

TEST_F(Fetch, RedirectIsFollowedWhereAUrlMayLead) {
    EXPECT_EQ(fetch(named(), host.redirect(host.url("/file"))).value(), "a file");
    EXPECT_EQ(fetch(named(), host.redirect("/file")).value(), "a file");
    EXPECT_EQ(fetch(named(), host.redirect(host.redirect("/file"))).value(), "a file");
}

TEST_F(Fetch, RedirectToWhereNoUrlMayLeadIsNot) {
    Host inside;
    for (const std::string& to :
         {inside.url("/file"), host.by_name("/file"), std::string("http://169.254.169.254/x"),
          std::string("//127.0.0.1:1/x"), std::string("file:///etc/passwd")}) {
        const auto file = fetch(named(), host.redirect(to));

        ASSERT_FALSE(file) << to;
        EXPECT_EQ(file.error().error.code, Errc::refused);
    }
    EXPECT_EQ(inside.asked, 0);
}

TEST_F(Fetch, RedirectsEnd) {
    std::string url = "/file";
    for (int i = 0; i < 4; ++i) url = host.redirect(url);

    const auto file = fetch(named(), url);

    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().error.message(), HasSubstr("too many redirects"));
}

TEST_F(Fetch, FailureIsCalledByItsKind) {
    EXPECT_EQ(fetch(named(), host.url("/gone")).error().category, FailureCategory::media_missing);
    EXPECT_EQ(fetch(named(), host.url("/broken")).error().category, FailureCategory::network);
    Options small = named();
    small.file_bytes_max = 1000;
    EXPECT_EQ(fetch(small, host.url("/large")).error().category, FailureCategory::bad_request);
    EXPECT_EQ(fetch({.hosts = {.origins = {"http://127.0.0.1:1"}}}, "http://127.0.0.1:1/x")
                  .error()
                  .category,
              FailureCategory::network);
}

TEST(AttachmentFetchOptions, AreThoseOfTheSettings) {
    process::Settings settings;
    settings.gateway_url = "http://gateway:3000";
    settings.public_gateway_url = "https://tutti.example";
    settings.discord_cdn_base_url = "http://127.0.0.1:9";

    const auto options = AttachmentFetch::Options::from(settings);

    EXPECT_EQ(options.hosts.origins, settings.attachment_hosts);
    EXPECT_EQ(options.gateway_urls,
              (std::vector<std::string>{"http://gateway:3000", "https://tutti.example"}));
    EXPECT_EQ(options.hosts.discord_base_url, "http://127.0.0.1:9");
    EXPECT_EQ(options.pool.deadline, 30s);
}

}  // namespace
}  // namespace tutti::services::worker::attachments
