-- Behind the prologue of every script that touches claims.

local function is_current(of_epoch, of_generation)
    return of_epoch == epoch and tonumber(of_generation) == generation
end

-- `waiting` counts whatever the claim belongs to: who waited for it wants to know.
-- `at`: the sequence when it was given, of a value that carries tags.
local function parse_claim(text)
    local of_epoch, of_generation, waiting, token = string.match(text or '',
        '^1 (%x+) (%d+) ([01]) (.+)$')
    local at
    if not token then
        of_epoch, of_generation, waiting, at, token = string.match(text or '',
            '^2 (%x+) (%d+) ([01]) (%d+) (.+)$')
    end
    if not token then return {stands = false, waiting = '0'} end
    return {stands = is_current(of_epoch, of_generation), token = token, waiting = waiting, at = at}
end

local function wake(channel, keys)
    for _, key in ipairs(keys) do push(channel, key) end
end
