using Sim.Pcie.Spec;

namespace Scenarios.Platforms;

/// <summary>A TLP in words, with the script's names for functions and places.</summary>
internal static class TlpWords
{
    public static string Of(Machine machine, in TlpHeader header)
    {
        if (header.IsCompletion)
            return $"{header.Type} {header.Status} from {machine.NameOf(header.CompleterId)} to {machine.NameOf(header.RequesterId)} tag {header.Tag}";
        if (header.IsMessage) return $"{header.MessageCode} from {machine.NameOf(header.RequesterId)}";
        var requester = machine.NameOf(header.RequesterId);
        if (header.IsConfiguration) return $"{header.Type} {machine.NameOf(header.DestinationId)} register {header.Register:x3}h from {requester}";
        var address = header.FirstByteAddress;
        return $"{header.Type} {header.EnabledBytes} B at 0x{address:x}{PlaceOf(machine, address)} from {requester}";
    }

    private static string PlaceOf(Machine machine, ulong address)
    {
        foreach (var function in machine.Kernel.Functions)
        {
            foreach (var bar in function.Discovered.Bars)
            {
                if (address - bar.Address < bar.Size) return $" ({machine.NameOf(function.Id)} BAR{bar.Index}+0x{address - bar.Address:x})";
            }
        }

        return "";
    }
}
