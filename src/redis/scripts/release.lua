-- Ends a claim without a value. KEYS[4]: the value's. ARGV: 2 token, 3 channel of the wakings.
local claim = claim_of(KEYS[4])
if not (claim.stands and claim.token == ARGV[2]) then return 0 end
end_claim(KEYS[4], claim, ARGV[3])
return 1
