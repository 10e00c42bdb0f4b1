#include "api-gateway/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/string_view.hpp>

namespace tutti::services {

// Writing a JSON string copies the bytes, reading one checks them.
bool is_utf8(std::string_view text) {
    const boost::json::string_view bytes(text.data(), text.size());
    boost::json::error_code failed;
    (void)boost::json::parse(boost::json::serialize(boost::json::string(bytes)), failed);
    return !failed;
}

}  // namespace tutti::services
