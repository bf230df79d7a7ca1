extension HTMLReport {
    /// Colours have 4.5:1 and more against their background in both schemes where they are text.
    static let style = """
        :root { --back: #ffffff; --text: #1a2029; --muted: #566070; --rule: #dde2e9; --line: #1558b0; --range: #7fa8dc;
          --volume: #c3ccd8; --gain: #1d8a52; --loss: #c8373f; --flat: #8a94a3; --control: #1558b0; --area: #7fa8dc;
          --tail: #d3dbe6; }
        @media (prefers-color-scheme: dark) {
          :root { --back: #12161c; --text: #e5eaf1; --muted: #9aa6b6; --rule: #2b333f; --line: #7db3f5;
            --range: #3f6796; --volume: #3a4553; --gain: #4cc38a; --loss: #f0757b; --flat: #8a94a3; --control: #7db3f5;
            --area: #3f6796; --tail: #2c3542; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--text);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; }
        main { max-width: 960px; margin: 0 auto; padding: 24px 20px 40px; }
        h1 { font-size: 24px; margin: 0; }
        h2 { font-size: 17px; margin: 28px 0 8px; }
        header p, figcaption, footer, td:last-child:not(.number) { color: var(--muted); }
        header p, figcaption, footer p { margin: 2px 0; }
        figure { margin: 0; }
        figcaption, footer { font-size: 13px; }
        footer { margin-top: 28px; border-top: 1px solid var(--rule); padding-top: 10px; }
        svg { display: block; width: 100%; height: auto; }
        .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 24px; }
        .pair .label { font-size: 19px; }
        .label { font-size: 12px; fill: var(--muted); }
        .grid { stroke: var(--rule); }
        .line { fill: none; stroke: var(--line); stroke-width: 1.6; stroke-linejoin: round; }
        .range { stroke: var(--range); stroke-width: 1.2; }
        .volume { fill: var(--volume); }
        .gain { fill: var(--gain); }
        .loss { fill: var(--loss); }
        .depth { fill: var(--loss); fill-opacity: 0.45; stroke: var(--loss); }
        .flat { fill: var(--flat); }
        .control { fill: var(--control); }
        .value { fill: var(--area); }
        .tail { fill: var(--tail); }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--rule); white-space: nowrap; }
        th { font-weight: 600; }
        .note { white-space: normal; min-width: 18em; }
        .number { text-align: right; }
        """
}
