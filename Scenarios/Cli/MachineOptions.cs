using System.CommandLine;
using Scenarios.Language;
using Scenarios.Model;
using Scenarios.Platforms;

namespace Scenarios.Cli;

/// <summary>The options that put a script on a real machine.</summary>
internal sealed class MachineOptions
{
    private readonly Option<string?> _platform = new("--platform")
    {
        Description = "Run on a real machine: its 'lspci -xxxx' dump, or what 'pciesim topology' made of one.",
    };

    private readonly Option<string?> _port = new("--port")
    {
        Description = "Where on it, as in 00:02.0: a Root Port or Switch Downstream Port to attach the devices to, or an Endpoint that "
            + "they replace; by default the first Root Port with something below it.",
    };

    private readonly Option<string?> _host = new("--host")
    {
        Description = $"What firmware and operating system set on it: {Words.Listed(HostSetups.Names)}; by default what the script says.",
    };

    public void AddTo(Command command)
    {
        command.Add(_platform);
        command.Add(_port);
        command.Add(_host);
        command.Validators.Add(result =>
        {
            foreach (var (option, what) in new[] { (_port, "a place on"), (_host, "the host software of") })
                if (result.GetResult(option) is not null && result.GetResult(_platform) is null)
                    result.AddError($"{option.Name} names {what} a real machine; expected --platform with it");
        });
        _host.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && HostSetups.Find(token.Value) is null)
                result.AddError($"--host '{token.Value}'{NearestWord.Hint(token.Value, HostSetups.Names)}; "
                    + $"expected one of {Words.Listed(HostSetups.Names)}");
        });
    }

    /// <summary>Reads a script, on a machine if one was named.</summary>
    public ScriptFile Read(ParseResult parsed, string script, ulong? seed = null) => parsed.GetValue(_platform) is { } dump
        ? ScriptReader.ReadFile(script, Seat.Read(dump, parsed.GetValue(_port)), parsed.GetValue(_host), seed)
        : ScriptReader.ReadFile(script, seed);
}
