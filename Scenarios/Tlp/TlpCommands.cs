using System.CommandLine;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Scenarios.Tlp;

/// <summary>`pciesim tlp decode` and `pciesim tlp encode`.</summary>
internal static class TlpCommands
{
    private const int Ok = 0;
    private const int Wrong = 2;

    /// <summary>The `tlp` command.</summary>
    public static Command Create() => new("tlp", "Decode and encode TLP headers and DLLPs.") { CreateDecode(), CreateEncode() };

    private static Command CreateDecode()
    {
        var dws = new Argument<string[]>("dws")
        {
            Arity = ArgumentArity.ZeroOrMore,
            Description = "The DWs of one TLP in hexadecimal; without them one TLP per line is read from standard input.",
        };
        dws.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value.StartsWith('-')) is { } unknown)
                result.AddError($"unknown option '{unknown.Value}'");
        });
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line." };
        var link = new Option<bool>("--link") { Description = "Input as on the Link: sequence number (4 digits), TLP, LCRC." };
        var dllp = new Option<bool>("--dllp") { Description = "Input is DLLPs: 8 digits, and 4 of CRC if there are 12." };
        var decode = new Command("decode", "Decode TLPs from hexadecimal DWs, a kernel log's \"TLP Header:\" line included.")
        {
            dws, json, link, dllp,
        };
        decode.Validators.Add(result =>
        {
            if (result.GetValue(link) && result.GetValue(dllp))
                result.AddError("--link and --dllp exclude each other");
        });
        decode.SetAction(parsed => Guarded(() =>
        {
            var framing = parsed.GetValue(dllp) ? TlpFraming.Dllp : parsed.GetValue(link) ? TlpFraming.Link : TlpFraming.Tlp;
            using var output = OpenOutput();
            var decoding = new TlpDecoding(output, framing, parsed.GetValue(json));
            if (parsed.GetValue(dws) is { Length: > 0 } words)
            {
                decoding.Decode(Encoding.UTF8.GetBytes(string.Join(' ', words)));
                decoding.Flush();
            }
            else
            {
                using var input = Console.OpenStandardInput();
                decoding.DecodeAll(input);
            }
            return decoding.AnyError ? Wrong : Ok;
        }));
        return decode;
    }

    private static Command CreateEncode()
    {
        var encode = new Command("encode", "Encode the JSON objects that decode prints, one per line of input, to hexadecimal DWs.");
        encode.SetAction(_ => Guarded(() =>
        {
            using var output = OpenOutput();
            var encoding = new TlpEncoding(output);
            using var input = Console.OpenStandardInput();
            encoding.EncodeAll(input);
            return encoding.AnyError ? Wrong : Ok;
        }));
        return encode;
    }

    // The console's own stream swallows a closed pipe and would go on for ever; a FileStream reports it, but keeps a position of its own
    // in files.
    private static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows())
            return Console.OpenStandardOutput();
        var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return output.CanSeek ? Console.OpenStandardOutput() : output;
    }

    private static int Guarded(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (IOException closed) when (closed.Message.Contains("pipe", StringComparison.OrdinalIgnoreCase))
        {
            return Ok; // whoever read the output has seen enough
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"pciesim: {failed.Message}");
            return Wrong;
        }
    }
}
