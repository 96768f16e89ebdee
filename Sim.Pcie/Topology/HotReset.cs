using Sim.Pcie.Config;

namespace Sim.Pcie.Topology;

/// <summary>Hot reset of what hangs below a downstream port (§6.6.1): in-band, so everything below is reset and the port itself is
/// not.</summary>
internal static class HotReset
{
    public static void Below(Port port)
    {
        switch (port.Link?.Lower)
        {
            case SwitchPort upstream:
                upstream.ResetSwitch(ResetKind.Hot);
                break;
            case Endpoints.PcieDevice device:
                device.Reset(ResetKind.Hot);
                break;
        }
    }
}
