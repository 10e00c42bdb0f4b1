-- Removes values and claims. ARGV: 2 which, as the payload of an entry, 3 channel of the wakings.
wake(ARGV[3], remove(ARGV[2]))
return 1
