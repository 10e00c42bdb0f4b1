-- Forgets the members that have not renewed since so many renewals of the epoch had been taken: by now
-- their leases have ended. ARGV: 2 nothing, 3 channel of the acknowledgements, 4 epoch, 5 the renewals.
local low_before = low_water()
local before = number(ARGV[5])
if ARGV[4] == epoch and before then
    forget(function(_, renewal) return renewal and renewal <= before end)
    save()
    tell_low_water(ARGV[3], epoch, low_before)
end
return position()
