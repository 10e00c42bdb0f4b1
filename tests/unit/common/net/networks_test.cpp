#include "common/net/networks.hpp"

#include <gtest/gtest.h>

namespace tutti::services::net {
namespace {

TEST(PublicAddress, IsOneThatAnybodyMayReach) {
    for (const char* address : {"8.8.8.8", "162.159.130.233", "172.32.0.1", "100.128.0.1",
                                "2606:4700::6810:85e5", "2a00:1450:4001::1", "::ffff:8.8.8.8"}) {
        EXPECT_TRUE(is_public(address)) << address;
    }
}

TEST(PublicAddress, IsNoneOfThisMachineItsNetworksOrNowhere) {
    for (const char* address : {"127.0.0.1",
                                "127.9.9.9",
                                "0.0.0.0",
                                "10.0.0.1",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.168.1.1",
                                "169.254.169.254",
                                "100.64.0.1",
                                "192.0.0.1",
                                "192.0.2.1",
                                "198.18.0.1",
                                "198.51.100.1",
                                "203.0.113.1",
                                "224.0.0.1",
                                "239.1.1.1",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "fe80::1",
                                "fc00::1",
                                "fd12::1",
                                "ff02::1",
                                "2001:db8::1",
                                "2001::1",
                                "2002:7f00:1::",
                                "64:ff9b::7f00:1",
                                "::ffff:10.0.0.1",
                                "::ffff:127.0.0.1",
                                "::127.0.0.1"}) {
        EXPECT_FALSE(is_public(address)) << address;
    }
}

TEST(PublicAddress, IsNoName) {
    for (const char* text : {"", "localhost", "1", "1.2.3", "0x7f.0.0.1", "127.1", "::1%lo"}) {
        EXPECT_FALSE(is_public(text)) << text;
    }
}

TEST(Network, HoldsItsAddressesAndNoOthers) {
    const auto ten = Network::parse("10.1.0.0/16").value();
    const auto odd = Network::parse("10.1.2.128/25").value();
    const auto one = Network::parse("127.0.0.1").value();
    const auto six = Network::parse("fd00::/8").value();
    const auto every = Network::parse("0.0.0.0/0").value();

    EXPECT_TRUE(ten.contains("10.1.255.255"));
    EXPECT_FALSE(ten.contains("10.2.0.0"));
    EXPECT_TRUE(odd.contains("10.1.2.129"));
    EXPECT_FALSE(odd.contains("10.1.2.127"));
    EXPECT_TRUE(one.contains("127.0.0.1"));
    EXPECT_TRUE(one.contains("::ffff:127.0.0.1"));
    EXPECT_FALSE(one.contains("127.0.0.2"));
    EXPECT_TRUE(six.contains("fd00:1::"));
    EXPECT_FALSE(six.contains("fc00::"));
    EXPECT_TRUE(every.contains("1.2.3.4"));
    EXPECT_FALSE(every.contains("fd00::1")) << "of the other family";
    EXPECT_FALSE(every.contains("a name"));
}

TEST(Network, WhatIsNoRangeIsRefused) {
    for (const char* text : {"", "x", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                             "/8", "fd00::/129", "10.0.0.0/8/8", "localhost"}) {
        const auto network = Network::parse(text);
        ASSERT_FALSE(network) << text;
        EXPECT_EQ(network.error().code, Errc::invalid_option);
    }
}

}  // namespace
}  // namespace tutti::services::net
