using Sim.Pcie.Errors;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Endpoints;

/// <summary>What becomes of a Message that no function acts on (§2.2.8, §2.3.1).</summary>
internal static class EndpointMessages
{
    /// <summary>Reports what is due: nothing, a Malformed TLP or an Unsupported Request.</summary>
    public static void Refuse(PcieDevice device, EndpointFunction function, in TlpHeader header)
    {
        switch (header.MessageCode)
        {
            case MessageCode.VendorDefined1:
            case >= MessageCode.AttentionIndicatorOff and <= MessageCode.AttentionButtonPressed:
                return; // dropped silently (§2.2.8.6, §2.2.8.7)
            case >= MessageCode.AssertIntA and <= MessageCode.DeassertIntD:
                // Upstream Ports alone send INTx (§2.2.8.1): one that receives it may call it malformed, and does.
                device.Functions[0].Errors.Report(PcieError.MalformedTlp, header);
                return;
            default:
                function.Errors.Report(PcieError.UnsupportedRequest, header);
                return;
        }
    }
}
