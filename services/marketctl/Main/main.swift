import MarketCtl

await MarketCtl.main()
