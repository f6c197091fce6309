// usage: node kusto.js PACKAGE <JSON>; {"tables": {name: columns}, "texts": [...]} -> faults of each text, as JSON.
const { readFileSync } = require("fs");
const { join } = require("path");

const folder = process.argv[2];
require(join(folder, "bridge.min.js"));
require(join(folder, "Kusto.Language.Bridge.min.js"));

const { Symbols, GlobalState, KustoCode } = Kusto.Language;
const { tables, texts } = JSON.parse(readFileSync(0, "utf8"));
const made = Object.entries(tables).map(([name, columns]) => new Symbols.ExternalTableSymbol.$ctor4(name, columns));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("backups", made));

function faults(text) {
    const found = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
    return Array.from({ length: found.Count }, (_, number) => {
        const one = found.getItem(number);
        return `${one.Message} at ${text.substr(one.Start, one.Length)}`;
    });
}

console.log(JSON.stringify(texts.map(faults)));
