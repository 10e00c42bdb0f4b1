-- Reads a value, and claims its load when there is none that is fresh. KEYS[4]: the value. ARGV: 2
-- `raw` or `framed`, 3 `foreign` or nothing, 4 token, 5 life of the claim, 6 greatest age, 7 `take_over`
-- or nothing, 8 greatest number of bytes, 9 prefix. Returns whose the claim is, what is left of it, and of a value
-- the bytes, the age and what is left of its time to live; milliseconds.
local key, token, bytes_max = KEYS[4], ARGV[4], tonumber(ARGV[8])
local header_bytes_max = 128

-- An answer that is too large would break the connection.
if (read('STRLEN', key) or 0) > bytes_max + header_bytes_max then return {'large'} end
local value
if ARGV[2] == 'raw' then value = raw_value(key, ARGV[3]) else value = framed_value(key) end
if value and #value.bytes > bytes_max then return {'large'} end
if not remember(ARGV[9]) then return {'prefixes'} end

local function answer(whose, left)
    if not value then return {whose, left, false, 0, 0} end
    return {whose, left, value.bytes, value.age, value.fresh - value.age}
end

local age_max = tonumber(ARGV[6])
if value and value.age <= value.fresh and value.age <= age_max and age_max > 0 then
    return answer('none', 0)
end
local claim = claim_of(key)
if claim.stands and claim.token ~= token and ARGV[7] == '' then
    if claim.waiting == '0' then set_claim(key, claim.token, '1', 'KEEPTTL') end
    return answer('theirs', claim.left)
end
set_claim(key, token, claim.waiting, 'PX', ARGV[5])
return answer('ours', 0)
