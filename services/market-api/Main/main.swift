import MarketAPI

await MarketAPI.program.main()
