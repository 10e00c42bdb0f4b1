#include "common/domain/uuid.hpp"

#include <algorithm>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace tutti::services::domain {

bool is_uuid(std::string_view text) {
    constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    const auto fits = [](char c, char wanted) {
        const bool hexadecimal =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        return wanted == '-' ? c == '-' : hexadecimal;
    };
    return std::ranges::equal(text, form, fits);
}

std::string random_uuid() { return to_string(boost::uuids::random_generator()()); }

std::string name_uuid(const std::string& name) {
    boost::uuids::name_generator_sha1 generate(boost::uuids::ns::dns());
    return to_string(generate(name));
}

}  // namespace tutti::services::domain
