"""The services of emotion_node; what needs the model is done between two images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import traceback

from rclpy.lifecycle import LifecycleNode
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import SetBool, Trigger

from fer_msgs.srv import ClassifyImage
from fer_ros.core.errors import FerError, ImageError
from fer_ros.core.types import FrameResult
from fer_ros.nodes.camera import Camera
from fer_ros.nodes.messages import emotions_message
from fer_ros.nodes.recognizer import Recognizer
from fer_ros.nodes.worker import Worker

__all__ = ['Services']


class Services:
    """Offers the services from when it is made until `destroy`.

    Args:
        node: The node.
        cameras: Its cameras by their names.
        worker: Calls between two images.
        recognizer: Returns what is in use; it is exchanged while the node runs.
        refusal: Returns why requests cannot be answered now, or ''.
    """

    def __init__(
        self, node: LifecycleNode, cameras: Mapping[str, Camera], worker: Worker[bytes],
        recognizer: Callable[[], Recognizer], refusal: Callable[[], str],
    ) -> None:
        self._node = node
        self._cameras = cameras
        self._worker = worker
        self._recognizer = recognizer
        self._refusal = refusal
        self._services = [
            node.create_service(SetBool, '~/set_enabled', self._on_set_enabled),
            node.create_service(Trigger, '~/reset_tracks', self._on_reset_tracks),
            node.create_service(ClassifyImage, '~/classify_image', self._on_classify_image)]

    def destroy(self) -> None:
        """Withdraw the services."""
        for service in self._services:
            self._node.destroy_service(service)
        self._services = []

    def _on_set_enabled(
        self, request: SetBool.Request, response: SetBool.Response,
    ) -> SetBool.Response:
        response.message = self._refusal()
        if response.message:
            return response
        for camera in self._cameras.values():
            camera.enabled = request.data
            camera.attend()
        response.success = True
        response.message = 'processing images' if request.data else 'not listening to images'
        return response

    def _on_reset_tracks(
        self, request: Trigger.Request, response: Trigger.Response,
    ) -> Trigger.Response:
        response.message = self._refusal()
        if response.message:
            return response
        self._worker.call(self._reset)
        response.success = True
        response.message = 'all tracks are forgotten'
        return response

    def _reset(self) -> None:
        for name in self._cameras:
            self._recognizer().reset(name)

    def _on_classify_image(
        self, request: ClassifyImage.Request, response: ClassifyImage.Response,
    ) -> ClassifyImage.Response:
        try:
            if refusal := self._refusal():
                raise ImageError(refusal)
            message = _image_of(request)
            response.result = emotions_message(
                self._worker.call(lambda: self._classify(message)), message.header,
                self._recognizer().manifest)
            response.success = True
        except FerError as error:
            response.message = str(error)
        except Exception as error:
            self._node.get_logger().error(traceback.format_exc())
            response.message = f'{type(error).__name__}: {error}'
        return response

    def _classify(self, message: Image | CompressedImage) -> FrameResult:
        recognizer = self._recognizer()
        return recognizer.classify(recognizer.convert(message))


def _image_of(request: ClassifyImage.Request) -> Image | CompressedImage:
    """Return the one image of a request."""
    given = [image for image in (request.image, request.compressed_image) if len(image.data)]
    if len(given) != 1:
        raise ImageError(
            f'fill either image or compressed_image, got {"both" if given else "neither"}')
    return given[0]
