using Scenarios.Language;
using Sim.Pcie.Spec;

namespace Scenarios.Platforms;

/// <summary>The script's names for Routing IDs and places, as they stand after boot: immutable, so that a trace can be put into words on
/// any thread.</summary>
internal sealed class NameBook
{
    private readonly Dictionary<RoutingId, string> _names = [];
    private readonly (ulong Address, ulong Size, string Name)[] _places;

    public NameBook(Machine machine)
    {
        foreach (var (name, function) in machine.Named()) _names.TryAdd(function.Id, name);
        _names.TryAdd(default, "cpu");
        _places =
        [
            .. machine.Kernel.Functions.SelectMany(f => f.Discovered.Bars.Select(b => (b.Address, b.Size, $"{Of(f.Id)} BAR{b.Index}"))),
        ];
    }

    /// <summary>The script's name of a function.</summary>
    public string Of(RoutingId id) => _names.TryGetValue(id, out var name) ? name : id.ToString();

    /// <summary>A text with names in the place of Routing IDs.</summary>
    public string Named(string text)
    {
        foreach (var (id, name) in _names)
        {
            if (id != default) text = text.Replace(id.ToString(), name, StringComparison.Ordinal);
        }

        return text;
    }

    /// <summary>A TLP in words.</summary>
    public string Describe(in TlpHeader header)
    {
        var type = EnumNames<TlpType>.Of(header.Type);
        var requester = Of(header.RequesterId);
        if (header.IsCompletion)
            return $"{type} {EnumNames<CompletionStatus>.Of(header.Status)} from {Of(header.CompleterId)} to {requester} tag {header.Tag}";
        if (header.IsMessage) return $"{header.MessageCode} from {requester}";
        if (header.IsConfiguration) return $"{type} {Of(header.DestinationId)} register {header.Register:x3}h from {requester}";
        var address = header.FirstByteAddress;
        foreach (var (start, size, name) in _places)
        {
            if (address - start < size)
                return $"{type} {header.EnabledBytes} B at 0x{address:x} ({name}+0x{address - start:x}) from {requester}";
        }

        return $"{type} {header.EnabledBytes} B at 0x{address:x} from {requester}";
    }
}
