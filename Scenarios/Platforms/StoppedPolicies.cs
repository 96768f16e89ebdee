using Scenarios.Model;
using Sim.Pcie.Endpoints;
using StoppedLoad = Sim.Pcie.Endpoints.StoppedLoad;
using StoppedStore = Sim.Pcie.Endpoints.StoppedStore;

namespace Scenarios.Platforms;

/// <summary>The script's words for a stopped function's policies, in the hardware's.</summary>
internal static class StoppedPolicies
{
    public static StoppedAccessPolicy Of(DeviceItem item) => new(
        item.StoppedStore switch
        {
            Model.StoppedStore.UnsupportedRequest => StoppedStore.UnsupportedRequest,
            Model.StoppedStore.CompleterAbort => StoppedStore.CompleterAbort,
            Model.StoppedStore.Unfenced => StoppedStore.Unfenced,
            Model.StoppedStore.Restart => StoppedStore.DoorbellRestarts,
            _ => StoppedStore.Discard,
        },
        item.StoppedLoad switch
        {
            Model.StoppedLoad.AllOnes => StoppedLoad.AllOnes,
            Model.StoppedLoad.Stale => StoppedLoad.Stale,
            Model.StoppedLoad.Unfenced => StoppedLoad.Unfenced,
            Model.StoppedLoad.UnsupportedRequest => StoppedLoad.UnsupportedRequest,
            Model.StoppedLoad.CompleterAbort => StoppedLoad.CompleterAbort,
            Model.StoppedLoad.NoCompletion => StoppedLoad.NoCompletion,
            _ => StoppedLoad.Garbage,
        });
}
