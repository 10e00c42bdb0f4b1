#include "common/net/attachment_hosts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tutti::services::net {
namespace {

TEST(AttachmentHosts, AreDiscordsUnlessTheOperatorNamesOthers) {
    const AttachmentHosts hosts;

    EXPECT_EQ(hosts.place_of("https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2").value(),
              "https://cdn.discordapp.com:443/attachments/1/2/a.png?ex=1&is=2");
    for (const char* good : {"https://cdn.discordapp.com", "https://CDN.DiscordApp.com/x",
                             "https://media.discordapp.net/x"}) {
        EXPECT_TRUE(hosts.place_of(good)) << good;
    }
}

TEST(AttachmentHosts, AreNoOthers) {
    const AttachmentHosts hosts;

    for (const char* bad :
         {"", "http://cdn.discordapp.com/x", "https://cdn.discordapp.com:8080/x",
          "https://user@cdn.discordapp.com/x", "https://cdn.discordapp.com@evil.example/x",
          "https://evil.example/cdn.discordapp.com", "https://cdn.discordapp.com.evil.example/",
          "https://xcdn.discordapp.com/", "https://cdn.discordapp.com./", "https://127.0.0.1/x",
          "https://[::1]/x", "https://169.254.169.254/latest", "file:///etc/passwd",
          "https:/cdn.discordapp.com/x", "https://cdn.discordapp.com\\@evil.example/",
          "https://cdn.discordapp.com/a b", "https://cdn.discordapp.com/x#y",
          " https://cdn.discordapp.com/x"}) {
        EXPECT_FALSE(hosts.place_of(bad)) << bad;
    }
}

TEST(AttachmentHosts, OfTheOperatorReplaceDiscords) {
    const AttachmentHosts hosts({.origins = {"https://files.example:8443"}});

    EXPECT_EQ(hosts.place_of("https://Files.Example:8443/a").value(),
              "https://files.example:8443/a");
    const auto refused = hosts.place_of("https://cdn.discordapp.com/a?ex=secret");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_EQ(refused.error().cause, "its host is none of ATTACHMENT_HOSTS: cdn.discordapp.com");
}

TEST(AttachmentHosts, DiscordsMayBePlayedByAnother) {
    const AttachmentHosts hosts({.discord_base_url = "http://127.0.0.1:9000"});

    EXPECT_EQ(hosts.place_of("https://cdn.discordapp.com/a?b=c").value(),
              "http://127.0.0.1:9000/a?b=c");
    EXPECT_TRUE(hosts.permits("http://127.0.0.1:9000", "127.0.0.1"));
    EXPECT_FALSE(hosts.permits("https://cdn.discordapp.com:443", "127.0.0.1"));
}

TEST(AttachmentHosts, NamesHavePublicAddressesAndThoseThatTheOperatorNamed) {
    const AttachmentHosts hosts({.origins = {"https://files.example:443", "http://10.0.0.5:9000"},
                                 .networks = {Network::parse("10.1.0.0/16").value()}});

    EXPECT_TRUE(hosts.permits("https://files.example:443", "93.184.216.34"));
    EXPECT_TRUE(hosts.permits("https://files.example:443", "10.1.2.3"));
    EXPECT_FALSE(hosts.permits("https://files.example:443", "10.2.0.1"));
    EXPECT_FALSE(hosts.permits("https://files.example:443", "169.254.169.254"));
    EXPECT_TRUE(hosts.permits("http://10.0.0.5:9000", "10.0.0.5"));
}

}  // namespace
}  // namespace tutti::services::net
