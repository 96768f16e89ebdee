using System.CommandLine;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Results;
using Scenarios.Running;

namespace Scenarios.Cli;

/// <summary><c>pciesim path SCRIPT</c>: the way of a TLP, hop by hop, with each decision and the register fields that it rests
/// on.</summary>
internal static class PathCommand
{
    // Where what the options say was written, for messages.
    private static readonly SourcePosition CommandLine = new("pciesim path", 1, 1);

    public static Command Create(IVariantRunner variants)
    {
        var script = new Argument<string>("SCRIPT") { Description = "The scenario script whose machine the TLP crosses." };
        (string Key, Option<string?> Option)[] fields =
        [
            ("from", Field("--from", "Who transmits: cpu, a port, a switch or a Function; with --to. By default the script's own TLPs.")),
            ("to", Field("--to", "The address: a number, or a place in a BAR like nic.bar0+0x10.")),
            ("type", Field("--type", $"The request: {Words.Listed(Words.Of(typeof(RequestKind)).Select(w => w.Word))}; MWr by default.")),
            ("bytes", Field("--bytes", "Its size, like 64B; 4B by default.")),
            ("requester", Field("--requester", "Whose Requester ID it bears; by default the sender's.")),
            ("address_type", Field("--address-type", "Its AT field: untranslated, translated or translation-request.")),
        ];
        var variant = new Option<string?>("--variant") { Description = "Which variant of the matrix, by its name; all by default." };
        var jobs = Options.Jobs();
        var command = new Command("path", "Tell the way of a TLP hop by hop: windows, ACS, redirects, translation, refusals.")
        {
            script, variant, jobs,
        };
        foreach (var (_, option) in fields) command.Add(option);
        command.Validators.Add(result =>
        {
            var given = fields.Where(f => result.GetResult(f.Option) is not null).Select(f => f.Key).ToList();
            if (given.Count > 0 && !(given.Contains("from") && given.Contains("to")))
                result.AddError($"--{given[0].Replace('_', '-')} describes a TLP; expected both --from and --to");
        });
        command.SetAction(parsed =>
        {
            var given = fields.Select(f => (f.Key, Value: parsed.GetValue(f.Option))).Where(f => f.Value is not null).ToList();
            var file = given.Count == 0 ? ScriptReader.ReadFile(parsed.GetValue(script)!)
                : ScriptReader.ReadFile(parsed.GetValue(script)!, Timeline(given!));
            if (parsed.GetValue(variant) is { } name) file = file with { Variants = [Options.Variant(file, name)] };
            return Run(variants, parsed.GetValue(jobs), file, parsed.InvocationConfiguration.Output);
        });
        return command;
    }

    private static Option<string?> Field(string name, string description) => new(name) { Description = description };

    private static SequenceNode Timeline(IEnumerable<(string Key, string Value)> fields)
    {
        var all = fields.Prepend(("do", "send-tlp")).Prepend(("at", "0ns"));
        ScalarNode Scalar(string text) => new(CommandLine, text);
        var entry = new MappingNode(CommandLine, [.. all.Select(f => KeyValuePair.Create(Scalar(f.Item1), (ScriptNode)Scalar(f.Item2)))]);
        return new SequenceNode(CommandLine, [entry]);
    }

    private static int Run(IVariantRunner variants, int jobs, ScriptFile file, TextWriter output)
    {
        if (file.Variants.All(v => !v.Script.Timeline.OfType<SendTlpEntry>().Any()))
            throw new ScriptException(new SourcePosition(file.Path, 1, 1),
                "the script sends no TLP of its own; expected a 'do: send-tlp' entry, or --from and --to");
        using var interrupt = new Interrupt();
        var result = new ScenarioRunner(variants, jobs).Run(file, interrupt.Token);
        foreach (var r in result.Variants.Select(v => v.Result))
        {
            output.WriteLine($"{r.Variant.Name}: {Ways(r)}");
            Explanation.Paths(output, r);
        }

        return result.Interrupted ? 130 : result.Variants.All(v => v.Result.Failure is null) ? 0 : 1;
    }

    private static string Ways(VariantResult r) => r.Failure is { } failure ? $"the simulation failed: {failure}"
        : r.Paths.Count == 0 ? "no Root Port claims the address: no TLP" : string.Join("; ", r.Paths.Select(p => p.Way));
}
