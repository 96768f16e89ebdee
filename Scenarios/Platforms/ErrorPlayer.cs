using Scenarios.Language;
using Scenarios.Model;
using Sim.Pcie.Errors;
using Sim.Pcie.Inject;
using Sim.Pcie.Spec;

namespace Scenarios.Platforms;

/// <summary>Plays the entries of a timeline that are errors: injected by name, from aer-inject text, or on a link.</summary>
internal sealed class ErrorPlayer(Machine machine)
{
    public void Inject(InjectEntry entry)
    {
        TlpHeader? header = TryHeader(entry.Header, out var parsed) && entry.Header.Length > 0 ? parsed : null;
        machine.FunctionOf(entry.On.Name).Errors.Report(ErrorTable.Find(entry.Error.Name)!.Error, header);
    }

    public void Inject(AerInjectEntry entry)
    {
        foreach (var item in entry.Items)
        {
            if (machine.Named().Select(n => n.Function).FirstOrDefault(f => f.Id == item.Id) is not { } function)
            {
                var where = entry.Path is null ? $"line {item.Line} of the aer-inject text: " : "";
                throw new ScriptException(entry.PositionOf(item), $"{where}no Function is at {item.Id}; expected one of "
                    + string.Join(", ", machine.Named().Select(n => $"{n.Function.Id} ({n.Name})")));
            }

            item.Apply(function.Errors);
        }
    }

    public void Break(LinkFaultEntry entry)
    {
        var link = machine.LinkBelow(entry.On.Name);
        switch (entry.Fault)
        {
            case LinkFaultKind.Down:
                link.TakeDown();
                break;
            case LinkFaultKind.Up:
                link.BringUp();
                break;
            default:
                LinkFaults.Inject(entry.Towards == LinkWay.Device ? link.Downstream : link.Upstream, FaultOf(entry.Fault));
                break;
        }
    }

    /// <summary>Header DWs in hexadecimal, three or four, with spaces between.</summary>
    public static bool TryHeader(string text, out TlpHeader header)
    {
        header = default;
        if (text.Length == 0) return true;
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is not (3 or 4)) return false;
        Span<uint> dws = stackalloc uint[4];
        for (var i = 0; i < words.Length; i++)
        {
            if (!uint.TryParse(words[i], System.Globalization.NumberStyles.AllowHexSpecifier,
                    System.Globalization.CultureInfo.InvariantCulture, out dws[i])) return false;
        }

        header = new(dws[0], dws[1], dws[2], dws[3]);
        return true;
    }

    private static LinkFault FaultOf(LinkFaultKind kind) => kind switch
    {
        LinkFaultKind.ReceiverError => LinkFault.ReceiverError,
        LinkFaultKind.BadTlp => LinkFault.BadTlp,
        LinkFaultKind.BadDllp => LinkFault.BadDllp,
        LinkFaultKind.LostAck => LinkFault.LostAck,
        LinkFaultKind.Rollover => LinkFault.Rollover,
        LinkFaultKind.Protocol => LinkFault.Protocol,
        LinkFaultKind.FlowControl => LinkFault.FlowControl,
        _ => LinkFault.Overflow,
    };
}
