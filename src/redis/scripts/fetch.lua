-- Reads values of one cache, and claims the load of each that is not there fresh. KEYS from 4: the values.
-- ARGV: 2 `raw`, `framed` or `tagged`, 3 `foreign` or nothing, 4 life of a claim, 5 greatest age, 6 `take_over`
-- or nothing, 7 greatest number of bytes of a value, 8 and of all together, where there are several keys, 9 prefix;
-- from 10 the tokens. Returns the epoch, and of each key whose the claim is, what is left of it, and of a value the
-- bytes, the age and what is left of its time to live, in milliseconds, and the tags of one that is `tagged`. A value for which the
-- answer has no room is `later`: nothing was done for its key.
local form, foreign, take_over = ARGV[2], ARGV[3], ARGV[6] ~= ''
local claim_for, age_max, bytes_max, room = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[7]), tonumber(ARGV[8])
local header_bytes_max = form == 'tagged' and 17000 or 128  -- 64 tags of 256 bytes
local is_alone = #KEYS == 4

if not remember(ARGV[9]) then return {'prefixes'} end

local function answer(whose, left, value)
    if not value then return {whose, left, false, 0, 0} end
    return {whose, left, value.bytes, value.age, value.fresh - value.age, value.tags}
end

local function fetch(key, token)
    -- An answer that is too large would break the connection.
    local bytes = read('STRLEN', key) or 0
    if bytes > bytes_max + header_bytes_max then return {'large'} end
    if bytes > room and not is_alone then return {'later'} end
    local value
    if bytes > 0 and form ~= 'raw' then value = framed_value(key, form) end
    if form == 'raw' then value = raw_value(key, foreign) end
    if value and #value.bytes > bytes_max then return {'large'} end
    if value then room = room - bytes end

    if value and value.age <= value.fresh and value.age <= age_max and age_max > 0 then
        return answer('none', 0, value)
    end
    local claim = claim_of(key)
    if claim.stands and claim.token ~= token and not take_over then
        if claim.waiting == '0' then set_claim(key, claim.token, '1', claim.at, 'KEEPTTL') end
        return answer('theirs', claim.left, value)
    end
    -- The same attempt may have asked its source when it asks again.
    local again = claim.stands and claim.token == token
    local at = form == 'tagged' and (again and claim.at or decimal(seq)) or nil
    set_claim(key, token, claim.waiting, at, 'PX', claim_for)
    return answer('ours', 0, value)
end

local answers = {epoch}
for i = 4, #KEYS do answers[i - 2] = fetch(KEYS[i], ARGV[i + 6]) end
return answers
