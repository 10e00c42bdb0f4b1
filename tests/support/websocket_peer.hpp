// The server's side of one WebSocket, frame by frame, written down by hand so that a test can do
// what a well-behaved server would not. Reading gives up after 10 s.
//
// Thread-safety: none.
#pragma once

#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tests {

class WebSocketPeer {
public:
    enum class Kind : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
    struct Frame {
        Kind kind;
        std::string bytes;
    };

    // As recv and send: how many bytes, or none above zero when the client has gone.
    using Read = std::function<long(char* to, std::size_t size)>;
    using Write = std::function<long(const char* from, std::size_t size)>;

    WebSocketPeer(Read read, Write write) : read_(std::move(read)), write_(std::move(write)) {}
    // Borrows the socket of an accepted connection.
    explicit WebSocketPeer(int socket)
        : WebSocketPeer(
              [socket](char* to, std::size_t size) { return ::recv(socket, to, size, 0); },
              [socket](const char* from, std::size_t size) {
                  return ::send(socket, from, size, MSG_NOSIGNAL);
              }) {
        const timeval patience{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }

    // Answers the client's request, which is returned.
    std::string shake_hands() {
        while (!received_.contains("\r\n\r\n") && receive()) {
        }
        const std::size_t end = received_.find("\r\n\r\n");
        std::string request = received_.substr(0, end);
        received_.erase(0, end + 4);
        const std::string_view name = "Sec-WebSocket-Key: ";
        const std::size_t at = request.find(name) + name.size();
        write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            accept_of(request.substr(at, request.find("\r\n", at) - at)) + "\r\n\r\n");
        return request;
    }

    void send(Kind kind, std::string_view bytes) {
        write(head(0x80, kind, bytes.size()).append(bytes));
    }
    void say(std::string_view text) { send(Kind::text, text); }
    // In two fragments.
    void say_in_two(std::string_view text) {
        const std::size_t half = text.size() / 2;
        write(head(0, Kind::text, half).append(text.substr(0, half)));
        write(head(0x80, Kind{0}, text.size() - half).append(text.substr(half)));
    }
    void close(std::uint16_t code) {
        const std::array<char, 2> bytes{static_cast<char>(code >> 8U),
                                        static_cast<char>(code & 0xffU)};
        send(Kind::close, {bytes.data(), bytes.size()});
    }
    // Bytes that are no frame, or half of one.
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const long sent = write_(bytes.data(), bytes.size());
            if (sent <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
    }

    // What the client sends, without its mask. Nothing: it has gone, or is silent.
    std::optional<Frame> read() {
        if (!need(2)) return std::nullopt;
        std::size_t at = 2;
        std::size_t size = byte(1) & 0x7fU;
        if (size == 126) {
            if (!need(4)) return std::nullopt;
            size = (std::size_t{byte(2)} << 8U) | byte(3);
            at = 4;
        }
        if (!need(at + 4 + size)) return std::nullopt;
        Frame frame{.kind = static_cast<Kind>(byte(0) & 0x0fU),
                    .bytes = received_.substr(at + 4, size)};
        for (std::size_t i = 0; i < size; ++i) {
            frame.bytes[i] = static_cast<char>(frame.bytes[i] ^ received_[at + i % 4]);
        }
        received_.erase(0, at + 4 + size);
        return frame;
    }
    // The next text that has this in it; empty when none comes.
    std::string read_text_with(std::string_view part) {
        while (const auto frame = read()) {
            if (frame->kind == Kind::text && frame->bytes.contains(part)) return frame->bytes;
        }
        return {};
    }
    // The code of the client's closing; zero when it goes without.
    std::uint16_t read_close() {
        while (const auto frame = read()) {
            if (frame->kind != Kind::close || frame->bytes.size() < 2) continue;
            return static_cast<std::uint16_t>((static_cast<unsigned char>(frame->bytes[0]) << 8U) |
                                              static_cast<unsigned char>(frame->bytes[1]));
        }
        return 0;
    }

private:
    static std::string head(unsigned final, Kind kind, std::size_t size) {
        std::string text(1, static_cast<char>(final | static_cast<unsigned>(kind)));
        if (size < 126) return text + static_cast<char>(size);
        const bool is_long = size > 0xffff;
        text += static_cast<char>(is_long ? 127 : 126);
        for (int shift = is_long ? 56 : 8; shift >= 0; shift -= 8) {
            text += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xffU);
        }
        return text;
    }
    static std::string accept_of(const std::string& key) {
        const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha1(), nullptr);
        std::array<unsigned char, 64> base64{};
        ::EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
        return reinterpret_cast<const char*>(base64.data());
    }
    bool need(std::size_t bytes) {
        while (received_.size() < bytes && receive()) {
        }
        return received_.size() >= bytes;
    }
    bool receive() {
        std::array<char, 4096> block{};
        const long got = read_(block.data(), block.size());
        if (got <= 0) return false;
        received_.append(block.data(), static_cast<std::size_t>(got));
        return true;
    }
    [[nodiscard]] unsigned char byte(std::size_t at) const {
        return static_cast<unsigned char>(received_[at]);
    }

    Read read_;
    Write write_;
    std::string received_;
};

}  // namespace tests
